//! One download job in every model: in turn, on threads, in processes, asynchronously.
//!
//! Downloads wait, they do not compute: what counts is how many wait at the same time, and what
//! each wait costs. A thread each is fine for some; it is a stack each, and a thousand want a
//! thousand. A process each costs more and gains nothing here. Async waits for all of them on one
//! thread. What is checked: the bytes, in the order asked, and the count, which comes from the
//! server: the most requests that it had open at once. The times are this machine's, for you to
//! look at. The first error ends a job: with an error for each URL, see `fanout`. For work that
//! computes: `cpu_bound_compare`.
//!
//! Python: `requests` in a loop, `ThreadPoolExecutor.map`, `Pool.map`; `aiohttp` and `gather`.
//! Needs: `cargo add anyhow@1 axum@0.8 bytes@1 futures@0.3`, `cargo add clap@4 -F derive`,
//! `cargo add reqwest@0.13 -F blocking`, `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7`
//!
//! ```console
//! $ cargo run -p recipes --bin io_bound_compare
//! in turn          40960 bytes,   1 at once [..] ms
//! 5 threads        40960 bytes,   5 at once [..] ms
//! 5 processes      40960 bytes,   5 at once [..] ms
//! async, 1 thread  40960 bytes,  40 at once [..] ms
//!
//! $ cargo run -p recipes --bin io_bound_compare -- --pages 3 --workers 8
//! in turn           3072 bytes,   1 at once [..] ms
//! 8 threads         3072 bytes,   3 at once [..] ms
//! 8 processes       3072 bytes,   3 at once [..] ms
//! async, 1 thread   3072 bytes,   3 at once [..] ms
//! ```

use std::io::{self, Write, stdout};
use std::process::{Command, ExitCode, Stdio};
use std::sync::{Arc, atomic::AtomicUsize, atomic::Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{env, panic, thread};

use anyhow::{Result, ensure};
use axum::{Router, extract::Path, routing::get};
use bytes::Bytes;
use clap::{Parser, value_parser};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, RequestBuilder, blocking};
use tokio::runtime::{Builder, Runtime};
use tokio::{net::TcpListener, sync::Semaphore, time::sleep, time::timeout};
use tokio_util::sync::CancellationToken;

/// Downloads every URL, one after the other, and returns the bodies. Ends at the first error.
/// Blocks its caller, and in async code may panic.
pub fn in_turn(client: &blocking::Client, urls: &[impl AsRef<str>]) -> reqwest::Result<Vec<Bytes>> {
    let get = |url: &str| client.get(url).send()?.error_for_status()?.bytes();
    urls.iter().map(|url| get(url.as_ref())).collect()
}

/// Downloads every URL on at most so many threads, each with its share of them, and returns the
/// bodies in the order asked. A thread ends at its first error; the first of those is returned when
/// all have ended. Blocks its caller: in async code, take [`concurrently`].
/// Panics if `threads` is 0, or if the system has no more of them to give.
pub fn on_threads(
    client: &blocking::Client,
    urls: &[impl AsRef<str> + Sync],
    threads: usize,
) -> reqwest::Result<Vec<Bytes>> {
    assert!(threads > 0, "nobody would download anything");
    let threads = threads.min(urls.len());
    let begin = |nth| urls.len() * nth / threads; // of a share; the shares differ by one at most
    let share = |nth| in_turn(client, &urls[begin(nth)..begin(nth + 1)]);
    let shares: reqwest::Result<Vec<_>> = thread::scope(|s| {
        let running: Vec<_> = (0..threads)
            .map(|nth| s.spawn(move || share(nth)))
            .collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended
            .map(|share| share.unwrap_or_else(|panic| panic::resume_unwind(panic)))
            .collect()
    });
    shares.map(|shares| shares.concat())
}

/// Downloads every URL on this thread, at most `limit` at once, and returns the bodies in the order
/// asked. Ends at the first error in that order, once those before it are there. Dropped half-way
/// it stops. `client` wants a timeout: it has none by default, and a server that hangs would hold
/// up the others. Panics if `limit` is 0.
pub async fn concurrently(
    client: &Client,
    urls: &[impl AsRef<str>],
    limit: usize,
) -> reqwest::Result<Vec<Bytes>> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    // Built here: nobody could `tokio::spawn` this future with an iterator in it that borrows.
    let requests: Vec<_> = urls.iter().map(|url| client.get(url.as_ref())).collect();
    let get =
        async |request: RequestBuilder| request.send().await?.error_for_status()?.bytes().await;
    stream::iter(requests)
        .map(get)
        .buffered(limit)
        .try_collect()
        .await
}

#[derive(Parser)]
struct Args {
    /// How many pages to download
    #[arg(long, value_name = "N", default_value = "40", value_parser = value_parser!(u16).range(1..=400))]
    pages: u16,

    /// How many threads, and processes
    #[arg(long, value_name = "N", default_value = "5", value_parser = value_parser!(u16).range(1..=40))]
    workers: u16,

    /// Write these pages to stdout: the program starts itself with it
    #[arg(long, value_name = "URL", num_args = 1.., hide = true)]
    child: Vec<String>,
}

fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let client = blocking::Client::builder().no_proxy().build()?; // the server is in this process
    if !args.child.is_empty() {
        in_turn(&client, &args.child)?
            .iter()
            .try_for_each(|body| stdout().write_all(body))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (server, pages, n) = (Runtime::new()?, args.pages.into(), args.workers.into());
    let expected: String = (0..pages).map(page).collect();
    let mut rows = Vec::new();
    for at_once in [1, n, n, pages] {
        let (urls, most) = server.block_on(serve(pages, at_once.min(pages)))?;
        let start = Instant::now();
        let (name, bytes) = match rows.len() {
            0 => ("in turn".to_owned(), in_turn(&client, &urls)?.concat()),
            1 => (
                format!("{n} threads"),
                on_threads(&client, &urls, n)?.concat(),
            ),
            2 => (format!("{n} processes"), in_processes(&urls, n)?),
            _ => {
                let client = Client::builder().no_proxy().build()?;
                let one_thread = Builder::new_current_thread().enable_all().build()?;
                let bodies = one_thread.block_on(concurrently(&client, &urls, pages))?;
                ("async, 1 thread".to_owned(), bodies.concat())
            }
        };
        let (most, took) = (most.load(Relaxed), start.elapsed().as_millis() as usize);
        let held = bytes == expected.as_bytes() && most == at_once.min(pages);
        rows.push((
            format!("{name:<15} {:>6} bytes, {most:>3} at once", bytes.len()),
            took,
            held,
        ));
    }
    let longest = rows.iter().map(|row| row.1).max().unwrap_or(0).max(1);
    for (row, took, _) in &rows {
        writeln!(
            stdout(),
            "{row} {:<30} {took} ms",
            "█".repeat(took * 30 / longest)
        )?;
    }
    Ok(if rows.iter().all(|row| row.2) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn in_processes(urls: &[String], n: usize) -> Result<Vec<u8>> {
    let n = n.min(urls.len());
    let start = |nth| {
        let share = &urls[urls.len() * nth / n..urls.len() * (nth + 1) / n];
        Command::new(env::current_exe()?)
            .arg("--child")
            .args(share)
            .stdout(Stdio::piped())
            .spawn()
    };
    let running: Vec<_> = (0..n).map(start).collect::<io::Result<_>>()?;
    let mut bytes = Vec::new();
    for child in running {
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "a process failed");
        bytes.extend(output.stdout);
    }
    Ok(bytes)
}

/// A KiB of its own.
fn page(nth: usize) -> String {
    format!("{nth:1024}")
}

/// Serves such pages on loopback, and returns their addresses and the most requests at once.
/// Each waits until `at_once` are there, for 2 s at most, and then 20 ms.
async fn serve(pages: usize, at_once: usize) -> Result<(Vec<String>, Arc<AtomicUsize>)> {
    static SEATS: Semaphore = Semaphore::const_new(Semaphore::MAX_PERMITS);
    let (most, full) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
    let seen = Arc::clone(&most);
    let answer = async move |Path(nth)| {
        let _seat = SEATS.acquire().await; // given back even where the client hangs up meanwhile
        let now = Semaphore::MAX_PERMITS - SEATS.available_permits();
        if seen.fetch_max(now, Relaxed).max(now) >= at_once {
            full.cancel();
        }
        let _ = timeout(Duration::from_secs(2), full.cancelled()).await;
        full.cancel(); // once the time is up, nobody waits any more
        sleep(Duration::from_millis(20)).await; // one too many would be seen
        page(nth)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, Router::new().route("/{nth}", get(answer)));
    tokio::spawn(async { server.await });
    Ok((
        (0..pages)
            .map(|n| format!("http://{address}/{n}"))
            .collect(),
        most,
    ))
}
