//! Fetch, crunch, write: give each stage its own model, with bounded queues between them.
//!
//! Use it where some of the work waits and some computes. Fetching waits: tasks do it, `limit` at
//! once. Crunching computes: it runs on as many threads as there are cores, and never holds up the
//! tasks. Writing blocks, so it has a thread of its own. If one stage is slow, those before it stop
//! and wait: as little is in memory for a million pages as for a thousand.
//!
//! - An item that fails, or panics, does not stop the others. `write` gets it with its error.
//! - If `write` ends early, because the disk is full for example, everything before it stops, even
//!   fetches that hang. What was in its queue is lost.
//! - Dropping the future stops the fetches. `write` still gets what is in its queue.
//! - Only computing: `parallel_primes`. Only fetching: `fanout`.
//!
//! Python: `loop.run_in_executor(process_pool, crunch, page)` between two `asyncio.Queue(100)`
//! Needs: `cargo add anyhow@1 bytes@1 futures@0.3 reqwest@0.13`, `cargo add tokio@1 -F rt,sync`,
//! `cargo add tokio-util@0.7 -F rt`
//! Demo needs: `cargo add axum@0.8 md5@0.8`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/io_cpu_pipeline.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin io_cpu_pipeline
//! [..]  http://127.0.0.1:[..]/[..]
//! [..]  http://127.0.0.1:[..]/[..]
//! [..]  http://127.0.0.1:[..]/[..]
//! 3 of 3 pages
//!
//! $ cargo run -p recipes --bin io_cpu_pipeline -- http://127.0.0.1:9/
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! 0 of 1 pages
//! ```

use std::pin::pin;
use std::sync::Arc;
use std::thread::available_parallelism;
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{StreamExt, stream};
use reqwest::{Client, ClientBuilder, Url, retry};
use tokio::sync::mpsc;
use tokio::task::{JoinError, spawn_blocking};
use tokio_util::task::AbortOnDropHandle;

/// How many results wait for `write` at most.
const CAPACITY: usize = 16;

/// Calls `fetch` for every item, at most `limit` at once, and `crunch` with what it returns, on
/// all cores. `write` runs on a thread of its own and takes items with their results from the
/// queue, in the order in which they are ready, until the queue is closed and empty. Returns
/// what `write` returns.
///
/// # Errors
/// The error of `write`, or its panic. Also if the system does not tell the number of cores.
///
/// # Panics
/// If `limit` is 0.
pub async fn pipeline<I, F, P, R, T>(
    items: impl IntoIterator<Item = I>,
    limit: usize,
    fetch: impl Fn(I) -> F,
    crunch: impl Fn(P) -> Result<R> + Send + Sync + 'static,
    write: impl FnOnce(mpsc::Receiver<(I, Result<R>)>) -> Result<T> + Send + 'static,
) -> Result<T>
where
    I: Clone + Send + 'static,
    F: Future<Output = Result<P>> + Send + 'static,
    P: Send + 'static,
    R: Send + 'static,
    T: Send + 'static,
{
    assert!(limit > 0, "a limit of 0 would wait forever");
    let cores = available_parallelism()?.get();
    let (results, queue) = mpsc::channel(CAPACITY);
    let writer = spawn_blocking(move || write(queue));

    let fetched = stream::iter(items)
        .map(|item| {
            let page = AbortOnDropHandle::new(tokio::spawn(fetch(item.clone())));
            async { (item, flatten(page.await)) }
        })
        .buffer_unordered(limit);

    let crunch = Arc::new(crunch);
    let crunched = fetched
        .map(async |(item, page)| match page {
            Ok(page) => {
                let crunch = crunch.clone();
                let result = AbortOnDropHandle::new(spawn_blocking(move || crunch(page)));
                (item, flatten(result.await))
            }
            Err(error) => (item, Err(error)),
        })
        .buffer_unordered(cores);

    {
        // `closed` notices that the writer has ended, even if all fetches hang.
        let mut crunched = pin!(crunched.take_until(results.closed()));
        while let Some(result) = crunched.next().await {
            if results.send(result).await.is_err() {
                break;
            }
        }
    }
    drop(results);
    writer.await?
}

/// A panic of a task is an error like any other.
fn flatten<T>(ended: Result<Result<T>, JoinError>) -> Result<T> {
    ended?
}

/// Fetches one page.
///
/// # Errors
/// If the request fails, or the status is not 2xx.
pub async fn fetch(client: Client, url: Url) -> Result<Bytes> {
    let response = client.get(url).send().await?;
    let status = response.status();
    ensure!(status.is_success(), "the server answered {status}");
    Ok(response.bytes().await?)
}

/// Prepares a client that allows `timeout` for a page, body included.
///
/// A client keeps connections open. A server may close one just when the next request is sent.
/// That request then fails through no fault of its own, so it is sent again if it is safe to
/// repeat.
pub fn client(timeout: Duration) -> ClientBuilder {
    let send_again = retry::for_host(AnyHost)
        .no_budget()
        .max_retries_per_request(20)
        .classify_fn(|attempt| {
            let safe = attempt.method().is_idempotent();
            if safe && attempt.error().is_some_and(lost_connection) {
                attempt.retryable()
            } else {
                attempt.success()
            }
        });
    Client::builder().timeout(timeout).retry(send_again)
}

struct AnyHost;

impl PartialEq<&str> for AnyHost {
    fn eq(&self, _: &&str) -> bool {
        true
    }
}

/// Whether a connection broke before the answer came.
fn lost_connection(error: &(dyn std::error::Error + 'static)) -> bool {
    let error = error.downcast_ref::<reqwest::Error>();
    error.is_some_and(|error| error.is_request() && !error.is_connect() && !error.is_timeout())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::{self, Write};
use std::process::ExitCode;

use axum::{Router, routing::get};
use clap::Parser;
use tokio::net::TcpListener;

/// Prints the MD5 checksums of web pages.
#[derive(Parser)]
struct Args {
    /// What to fetch [default: 3 pages of a demo server in this process]
    urls: Vec<Url>,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let mut urls = Args::parse().urls;
    let mut client = client(Duration::from_secs(10));
    if urls.is_empty() {
        urls = serve_demo_pages().await?;
        client = client.no_proxy(); // the demo server is in this process
    }
    let client = client.build()?;
    let total = urls.len();
    let fetch = |url| fetch(client.clone(), url);
    let printed = pipeline(urls, 8, fetch, checksum, print_all).await?;
    println!("{printed} of {total} pages");
    if printed == total {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

/// Stands for work that keeps a core busy for a while.
fn checksum(page: Bytes) -> Result<md5::Digest> {
    Ok(md5::compute(page))
}

/// Prints the checksums, and returns how many there were.
fn print_all(mut pages: mpsc::Receiver<(Url, Result<md5::Digest>)>) -> Result<usize> {
    let mut printed = 0;
    while let Some((url, checksum)) = pages.blocking_recv() {
        match checksum {
            Ok(checksum) => {
                writeln!(io::stdout(), "{checksum:x}  {url}")?;
                printed += 1;
            }
            Err(error) => {
                // An error of the log does not count.
                let _ = writeln!(io::stderr(), "{url}: {}", error.root_cause());
            }
        }
    }
    Ok(printed)
}

/// Serves pages of 64 KiB on loopback, and returns the URLs of 3 of them.
async fn serve_demo_pages() -> Result<Vec<Url>> {
    let page = async || "x".repeat(65536);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    let server = axum::serve(listener, Router::new().route("/{page}", get(page)));
    tokio::spawn(async { server.await });
    (1..=3)
        .map(|page| Ok(base.join(&page.to_string())?))
        .collect()
}
