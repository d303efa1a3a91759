//! One download job in every model: in turn, on threads, in processes, asynchronously.
//!
//! Downloads wait, they do not compute: what counts is how many wait at the same time, and what
//! each wait costs. A thread each is fine for some; it is a stack each, and a thousand want a
//! thousand. A process each costs more and gains nothing here. Async waits for all of them on one
//! thread. The count comes from the server: the most requests that it had open at once. The times
//! are this machine's, for you to look at; none is checked. The first error ends a job: with an
//! error for each URL, see `fanout`. For work that computes: `cpu_bound_compare`.
//!
//! Python: `requests` in a loop, `ThreadPoolExecutor.map`, `Pool.map`; `aiohttp` and `gather`.
//! Copy: `on_threads` or `concurrently`.
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
use axum::{Router, routing::get};
use bytes::Bytes;
use clap::{Parser, value_parser};
use futures::{StreamExt, TryStreamExt, stream};
use reqwest::{Client, blocking};
use tokio::runtime::{Builder, Runtime};
use tokio::{net::TcpListener, sync::Semaphore, time::sleep, time::timeout};
use tokio_util::sync::CancellationToken;

/// Downloads every URL, one after the other. Ends at the first error.
pub fn in_turn<'a>(
    client: &blocking::Client,
    urls: impl IntoIterator<Item = &'a String>,
) -> reqwest::Result<Vec<Bytes>> {
    let get = |url| client.get(url).send()?.error_for_status()?.bytes();
    urls.into_iter().map(get).collect()
}

/// Downloads every URL on so many threads, and returns the bodies, those of a thread together. A
/// thread ends at its first error, which is returned when all have ended. No threads: no bodies.
/// Panics if the system has no more threads to give.
pub fn on_threads(
    client: &blocking::Client,
    urls: &[String],
    threads: usize,
) -> reqwest::Result<Vec<Bytes>> {
    let share = |nth| in_turn(client, urls.iter().skip(nth).step_by(threads));
    let shares: reqwest::Result<Vec<_>> = thread::scope(|s| {
        let running: Vec<_> = (0..threads).map(|nth| s.spawn(move || share(nth))).collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended.map(|share| share.unwrap_or_else(|panic| panic::resume_unwind(panic))).collect()
    });
    shares.map(|shares| shares.concat())
}

/// Downloads every URL on this thread, at most `limit` at once, and returns the bodies in the order
/// asked. Ends at the first error. Dropped half-way it stops. Panics if `limit` is 0.
pub async fn concurrently(
    client: &Client,
    urls: &[String],
    limit: usize,
) -> reqwest::Result<Vec<Bytes>> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let get = async |url| client.get(url).send().await?.error_for_status()?.bytes().await;
    stream::iter(urls).map(get).buffered(limit).try_collect().await
}

// Only for the demo from here on.

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
        in_turn(&client, &args.child)?.iter().try_for_each(|body| stdout().write_all(body))?;
        return Ok(ExitCode::SUCCESS);
    }
    let (server, pages, n) = (Runtime::new()?, args.pages.into(), args.workers.into());
    let total = |bodies: Vec<Bytes>| bodies.iter().map(Bytes::len).sum();
    let mut rows = Vec::new();
    for at_once in [1, n, n, pages] {
        let (urls, most) = server.block_on(serve(pages, at_once.min(pages)))?;
        let start = Instant::now();
        let (name, bytes) = match rows.len() {
            0 => ("in turn".to_owned(), total(in_turn(&client, &urls)?)),
            1 => (format!("{n} threads"), total(on_threads(&client, &urls, n)?)),
            2 => (format!("{n} processes"), in_processes(&urls, n)?),
            _ => {
                let client = Client::builder().no_proxy().build()?;
                let one_thread = Builder::new_current_thread().enable_all().build()?;
                let bodies = one_thread.block_on(concurrently(&client, &urls, pages))?;
                ("async, 1 thread".to_owned(), total(bodies))
            }
        };
        let (most, took) = (most.load(Relaxed), start.elapsed().as_millis() as usize);
        let held = (bytes, most) == (1024 * pages, at_once.min(pages));
        rows.push((format!("{name:<15} {bytes:>6} bytes, {most:>3} at once"), took, held));
    }
    let longest = rows.iter().map(|row| row.1).max().unwrap_or(0).max(1);
    for (row, took, _) in &rows {
        writeln!(stdout(), "{row} {:<30} {took} ms", "█".repeat(took * 30 / longest))?;
    }
    Ok(if rows.iter().all(|row| row.2) { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

fn in_processes(urls: &[String], n: usize) -> Result<usize> {
    let start = |nth| {
        let share = urls.iter().skip(nth).step_by(n);
        Command::new(env::current_exe()?).arg("--child").args(share).stdout(Stdio::piped()).spawn()
    };
    let running: Vec<_> = (0..n.min(urls.len())).map(start).collect::<io::Result<_>>()?;
    let mut bytes = 0;
    for child in running {
        let output = child.wait_with_output()?;
        ensure!(output.status.success(), "a process failed");
        bytes += output.stdout.len();
    }
    Ok(bytes)
}

/// Serves pages of 1 KiB on loopback, and returns their addresses and the most requests at once.
/// Each waits until `at_once` are there, for 2 s at most, and then 20 ms.
async fn serve(pages: usize, at_once: usize) -> Result<(Vec<String>, Arc<AtomicUsize>)> {
    static SEATS: Semaphore = Semaphore::const_new(Semaphore::MAX_PERMITS);
    let (most, full) = (Arc::new(AtomicUsize::new(0)), CancellationToken::new());
    let seen = Arc::clone(&most);
    let page = async move || {
        let _seat = SEATS.acquire().await; // given back even where the client hangs up meanwhile
        let now = Semaphore::MAX_PERMITS - SEATS.available_permits();
        if seen.fetch_max(now, Relaxed).max(now) >= at_once {
            full.cancel();
        }
        let _ = timeout(Duration::from_secs(2), full.cancelled()).await;
        full.cancel(); // once the time is up, nobody waits any more
        sleep(Duration::from_millis(20)).await; // one too many would be seen
        "x".repeat(1024)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, Router::new().route("/{page}", get(page)));
    tokio::spawn(async { server.await });
    Ok(((0..pages).map(|n| format!("http://{address}/{n}")).collect(), most))
}
