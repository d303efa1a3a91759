//! One download job in every model: sequential, threads, processes, async.
//!
//! Use it to see what each model does for work that waits. A download computes almost nothing, so
//! what counts is how many of them wait at the same time, and what each wait costs: a stack for a
//! thread, far more for a process, and far less for a task.
//!
//! - Threads are the simplest choice for some dozens at once. For thousands, use async.
//! - Async gains time by waiting for all of them on one thread, and not by more threads.
//! - Processes gain nothing here over threads.
//! - rayon has a thread for each core, which is few for work that waits: `cpu_bound_compare`.
//! - Each function ends at the first error. For an error for each URL: `fanout`.
//! - Where open files run out, an error says `Too many open files (os error 24)`. Have fewer
//!   downloads at once, or raise `ulimit -n`.
//!
//! Python: `requests.get` in a loop, `ThreadPoolExecutor(5).map`, `ProcessPoolExecutor(5).map`,
//! `asyncio.gather` with `aiohttp`
//! Needs: `cargo add anyhow@1 bytes@1 futures@0.3`, `cargo add reqwest@0.13 -F blocking`
//! Demo needs: `cargo add axum@0.8`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/io_bound_compare.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin io_bound_compare
//! sequential:      40960 bytes in [..] ms
//! 5 threads:       40960 bytes in [..] ms
//! 5 processes:     40960 bytes in [..] ms
//! async, 1 thread: 40960 bytes in [..] ms
//! ```

use std::slice::Chunks;
use std::thread;

use anyhow::{Result, ensure};
use bytes::Bytes;
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, blocking};

/// Downloads one page after the other. Blocks its thread: not for async code.
///
/// # Errors
/// The first download that failed, or whose status was not 2xx.
pub fn sequential(client: &blocking::Client, urls: &[String]) -> Result<Vec<Bytes>> {
    let mut pages = Vec::new();
    for url in urls {
        let response = client.get(url).send()?;
        let status = response.status();
        ensure!(status.is_success(), "{url}: the server answered {status}");
        pages.push(response.bytes()?);
    }
    Ok(pages)
}

/// Downloads the pages on up to `threads` threads, and returns them in the order of the URLs. Each
/// thread has an equal share of the URLs. Blocks its thread: not for async code.
///
/// # Errors
/// The first error of a share, when all have ended, or that the system has no threads to give.
///
/// # Panics
/// If `threads` is 0.
pub fn on_threads(
    client: &blocking::Client,
    urls: &[String],
    threads: usize,
) -> Result<Vec<Bytes>> {
    thread::scope(|scope| {
        let mut running = Vec::new();
        for share in split(urls, threads) {
            let thread = thread::Builder::new();
            running.push(thread.spawn_scoped(scope, || sequential(client, share))?);
        }
        let mut pages = Vec::new();
        for thread in running {
            let share = thread.join().expect("a download does not panic");
            pages.extend(share?);
        }
        Ok(pages)
    })
}

fn split(urls: &[String], workers: usize) -> Chunks<'_, String> {
    let share = urls.len().div_ceil(workers);
    urls.chunks(share.max(1))
}

/// Downloads the pages on one thread, at most `limit` at once, and returns them in the order of
/// the URLs. Dropping the future cancels all that are in progress.
///
/// Give `client` a timeout: it has none by default, and a server that hangs would hold this up.
///
/// # Errors
/// The first download that failed, or whose status was not 2xx. The others are canceled.
///
/// # Panics
/// If `limit` is 0.
pub async fn concurrent(client: &Client, urls: &[String], limit: usize) -> Result<Vec<Bytes>> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let downloads = urls.iter().enumerate().map(async |(number, url)| {
        let page = download(client, url).await?;
        anyhow::Ok((number, page))
    });
    // Unordered, so that an error does not wait for the downloads before it.
    let ended = stream::iter(downloads).buffer_unordered(limit);
    let mut pages: Vec<(usize, Bytes)> = ended.try_collect().await?;
    pages.sort_by_key(|(number, _)| *number);
    Ok(pages.into_iter().map(|(_, page)| page).collect())
}

async fn download(client: &Client, url: &str) -> Result<Bytes> {
    let response = client.get(url).send().await?;
    let status = response.status();
    ensure!(status.is_success(), "{url}: the server answered {status}");
    Ok(response.bytes().await?)
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use axum::{Router, routing::get};
use tokio::net::TcpListener;
use tokio::runtime::Runtime;
use tokio::time::sleep;

const TIMEOUT: Duration = Duration::from_secs(5);

fn main() -> Result<()> {
    // A new connection for each page: a connection that is kept may be closed by the server.
    let builder = blocking::Client::builder().pool_max_idle_per_host(0);
    let client = builder.no_proxy().timeout(TIMEOUT).build()?;
    let share: Vec<String> = env::args().skip(1).collect();
    if !share.is_empty() {
        // One of the five processes, started below.
        let pages = sequential(&client, &share)?;
        io::stdout().write_all(&pages.concat())?;
        return Ok(());
    }

    let runtime = Runtime::new()?;
    let urls = runtime.block_on(serve_demo_pages())?;
    compare("sequential:", || Ok(sequential(&client, &urls)?.concat()))?;
    compare("5 threads:", || Ok(on_threads(&client, &urls, 5)?.concat()))?;
    compare("5 processes:", || in_processes(&urls, 5))?;
    compare("async, 1 thread:", || {
        let builder = Client::builder().pool_max_idle_per_host(0);
        let client = builder.no_proxy().timeout(TIMEOUT).build()?;
        let pages = runtime.block_on(concurrent(&client, &urls, 40))?;
        Ok(pages.concat())
    })
}

fn compare(name: &str, download: impl Fn() -> Result<Vec<u8>>) -> Result<()> {
    let start = Instant::now();
    let bytes = download()?.len();
    let time = start.elapsed().as_millis();
    println!("{name:16} {bytes} bytes in {time} ms");
    Ok(())
}

/// Starts this program again, once for each share of the URLs.
fn in_processes(urls: &[String], processes: usize) -> Result<Vec<u8>> {
    let mut running = Vec::new();
    for share in split(urls, processes) {
        let mut command = Command::new(env::current_exe()?);
        command.args(share).stdout(Stdio::piped());
        running.push(command.spawn());
    }
    let mut bytes = Vec::new();
    for process in running {
        let output = process?.wait_with_output()?;
        ensure!(output.status.success(), "a process: {}", output.status);
        bytes.extend(output.stdout);
    }
    Ok(bytes)
}

/// Serves pages of 1 KiB on loopback, each after 20 ms, and returns the URLs of 40 of them.
async fn serve_demo_pages() -> Result<Vec<String>> {
    async fn page() -> String {
        sleep(Duration::from_millis(20)).await;
        "x".repeat(1024)
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = format!("http://{}", listener.local_addr()?);
    let server = axum::serve(listener, Router::new().route("/{page}", get(page)));
    tokio::spawn(async { server.await });
    Ok((1..=40).map(|page| format!("{base}/{page}")).collect())
}
