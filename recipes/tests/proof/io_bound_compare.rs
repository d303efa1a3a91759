use std::process::{Command, Output};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::Result;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::{Router, routing::get};
use bytes::Bytes;
use reqwest::{Client, blocking};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::sync::Barrier;
use tokio::time::sleep;

#[path = "../../src/bin/io_bound_compare.rs"]
#[allow(dead_code)]
mod program;
use program::{concurrent, on_threads, sequential};

/// Answers page N with N, and a status of its own for those that are named after one.
struct Server {
    runtime: Runtime,
    base: String,
    most_at_once: Arc<AtomicUsize>,
}

impl Server {
    /// Each request waits until `at_once` of them are there.
    fn start(at_once: usize) -> Self {
        let runtime = Runtime::new().unwrap();
        let all_here = Arc::new(Barrier::new(at_once));
        let now = Arc::new(AtomicUsize::new(0));
        let most_at_once = Arc::new(AtomicUsize::new(0));
        let most = most_at_once.clone();
        let page = async move |Path(page): Path<u16>| {
            most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
            all_here.wait().await;
            sleep(Duration::from_millis(20)).await; // one too many would be seen
            now.fetch_sub(1, Relaxed);
            let status = StatusCode::from_u16(page).unwrap_or(StatusCode::OK);
            (status, page.to_string())
        };
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let server = axum::serve(listener, Router::new().route("/{page}", get(page)));
        runtime.spawn(async { server.await });
        Self {
            runtime,
            base,
            most_at_once,
        }
    }

    fn urls(&self, pages: impl IntoIterator<Item = u16>) -> Vec<String> {
        let urls = pages
            .into_iter()
            .map(|page| format!("{}/{page}", self.base));
        urls.collect()
    }

    fn concurrent(&self, urls: &[String], limit: usize) -> Result<Vec<Bytes>> {
        let client = Client::builder().no_proxy().build().unwrap();
        self.runtime.block_on(concurrent(&client, urls, limit))
    }
}

fn client() -> blocking::Client {
    blocking::Client::builder().no_proxy().build().unwrap()
}

fn text(pages: Result<Vec<Bytes>>) -> String {
    String::from_utf8(pages.unwrap().concat()).unwrap()
}

#[test]
fn as_many_are_in_progress_as_asked_for_and_the_pages_keep_the_order() {
    let server = Server::start(1);
    let urls = server.urls(10..20);
    assert_eq!(text(sequential(&client(), &urls)), "10111213141516171819");
    assert_eq!(server.most_at_once.load(Relaxed), 1);

    let server = Server::start(5);
    let urls = server.urls(10..20);
    assert_eq!(
        text(on_threads(&client(), &urls, 5)),
        "10111213141516171819"
    );
    assert_eq!(text(server.concurrent(&urls, 5)), "10111213141516171819");
    assert_eq!(server.most_at_once.load(Relaxed), 5);
}

#[test]
fn fewer_urls_than_workers_and_none_at_all() {
    let server = Server::start(1);
    for pages in [0, 1, 2] {
        let urls = server.urls(0..pages);
        let expected = &"01"[..pages.into()];
        assert_eq!(text(on_threads(&client(), &urls, 8)), expected);
        assert_eq!(text(server.concurrent(&urls, 8)), expected);
    }
}

#[test]
fn only_2xx_is_a_page() {
    let server = Server::start(1);
    for status in [300, 302, 304, 404, 503, 999] {
        let urls = server.urls([1, status, 2]);
        let errors = [
            sequential(&client(), &urls).unwrap_err(),
            on_threads(&client(), &urls, 2).unwrap_err(),
            server.concurrent(&urls, 2).unwrap_err(),
        ];
        for error in errors {
            assert!(error.to_string().contains(&status.to_string()), "{error}");
        }
    }
}

#[cfg(target_os = "linux")]
fn run_with_files(files: u32) -> Output {
    let mut command = Command::new("sh");
    command.args(["-c", "ulimit -n $0 && exec timeout 30 $1"]);
    command.arg(files.to_string());
    command.arg(env!("CARGO_BIN_EXE_io_bound_compare"));
    command.env_remove("RUST_BACKTRACE"); // it would need files as well
    command.output().unwrap()
}

#[cfg(target_os = "linux")]
#[test]
fn where_open_files_run_out_it_ends_with_an_error() {
    let output = run_with_files(40);
    let stderr = String::from_utf8_lossy(&output.stderr);
    assert!(
        stderr.contains("Too many open files (os error 24)"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(1));

    // Here it depends on the moment whether the server or the client has to wait.
    let output = run_with_files(64);
    assert_ne!(output.status.code(), Some(124), "it hangs");
}
