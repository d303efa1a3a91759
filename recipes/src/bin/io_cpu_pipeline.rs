//! Fetch, crunch, write: each stage with its own model, and nothing piles up between them.
//!
//! Use it where some of the work waits and some computes. Waiting is for tasks: one thread fetches
//! any number of pages. Computing is for a pool with a thread for each core: rayon, since a task
//! that computes would hold up all others. Writing in turn is for one thread that may block. Every
//! stage takes a bounded number of items, so a slow writer slows down the fetches, and the memory
//! is the same for a thousand pages and a million. The first error or panic ends it all; what was
//! handed to the writer is still written. Ctrl-C, or dropping the future, stops the fetches and
//! skips what has not begun to compute. Computing only: `parallel_primes`. Fetching only: `fanout`.
//!
//! Python: `asyncio` with `loop.run_in_executor(ProcessPoolExecutor(), crunch, page)`, which
//! pickles each page, and whose queue has no bound.
//! Needs: `cargo add anyhow@1 axum@0.8 bytes@1 futures@0.3 rayon@1 reqwest@0.13`,
//! `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7 -F rt`
//!
//! ```console
//! $ cargo run -p recipes --bin io_cpu_pipeline
//! 200 of 200 pages written, each once
//! heartbeats while crunching: true, while writing: true
//! in memory at most: [..] pages, the bound is [..]
//!
//! $ cargo run -p recipes --bin io_cpu_pipeline -- http://127.0.0.1:9/
//! ? 1
//! error: http://127.0.0.1:9/: [..]Connection refused (os error [..])
//!
//! $ cargo run -p recipes --bin io_cpu_pipeline -- --fetch 0
//! ? 2
//! error: invalid value '0' for '--fetch <N>': 0 is not in 1..=1000
//! ```

use std::collections::HashSet;
use std::io::{Write, stderr, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, OnceLock};
use std::{thread, time::Duration, time::Instant};

use anyhow::{Context, Result, anyhow, bail};
use axum::{Router, extract::Path, routing::get};
use bytes::Bytes;
use clap::{Parser, value_parser};
use futures::{StreamExt, TryFutureExt, TryStreamExt, stream};
use reqwest::{Client, Url};
use tokio::sync::{mpsc, oneshot};
use tokio::{net::TcpListener, runtime::Builder, select, signal::ctrl_c, task, time::sleep};
use tokio_util::task::AbortOnDropHandle;

/// Runs the futures of `fetches` as tasks, at most `limit` at once, `crunch` on what they yield on
/// all cores, and `write` on what that returns in one thread that may block. No order is kept.
/// Returns how many were written. At most `limit`, twice the cores and 16 items are between a begun
/// fetch and the end of its write. Errs with the first error or panic, once the writer has ended.
/// Dropped half-way, it aborts the fetches, and the writer still writes what it has been given: a
/// runtime that is dropped waits for that. Panics if `limit` is 0.
pub async fn pipeline<P: Send + 'static, R: Send + 'static>(
    fetches: impl IntoIterator<Item: Future<Output = Result<P>> + Send + 'static>,
    limit: usize,
    crunch: impl Fn(P) -> R + Send + Sync + 'static,
    mut write: impl FnMut(R) -> Result<()> + Send + 'static,
) -> Result<usize> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let (to_writer, mut crunched) = mpsc::channel(14); // and one in each hand
    let writer = task::spawn_blocking(move || -> Result<usize> {
        let mut written = 0;
        while let Some(result) = crunched.blocking_recv() {
            write(result)?;
            written += 1;
        }
        Ok(written)
    });
    let crunch = Arc::new(crunch);
    let fetched = stream::iter(fetches)
        .map(|fetch| AbortOnDropHandle::new(tokio::spawn(fetch))) // it goes on while others wait
        .buffer_unordered(limit)
        .map(|page| page.map_err(Into::into).flatten());
    let results = fetched
        .map_ok(|page| {
            let crunch = crunch.clone();
            on_cores(move || crunch(page))
        })
        // Two for each core: one at work, and the next at hand when it ends.
        .try_buffer_unordered(2 * rayon::current_num_threads());
    let send = |result| {
        to_writer
            .send(result)
            .map_err(|_| anyhow!("the writer has ended"))
    };
    // It ends with a writer that has failed, even where no result comes that would find that out.
    let all = results
        .take_until(to_writer.closed())
        .try_for_each(send)
        .await;
    drop(to_writer); // the writer ends with what is in the channel
    let written = writer.await??; // if it has failed, it knows better why
    all.map(|()| written)
}

/// Runs `work` on rayon's threads, without holding up the task, and returns its result. A panic is
/// an error (in a bare `rayon::spawn` it aborts the process). Dropped before `work` has begun, it
/// never runs.
pub async fn on_cores<R: Send + 'static>(work: impl FnOnce() -> R + Send + 'static) -> Result<R> {
    let (answer, answered) = oneshot::channel();
    rayon::spawn(move || {
        if !answer.is_closed() {
            let _ = answer.send(catch_unwind(AssertUnwindSafe(work)));
        }
    });
    answered
        .await?
        .map_err(|_| anyhow!("a panic while computing"))
}

/// Prints the CRC-32, the size and the address of web pages.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// What to fetch; with nothing to fetch, pages of a demo server in this process
    urls: Vec<Url>,
    /// How many to fetch at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..=1000))]
    fetch: u16,
}

fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    // One thread is enough for all that waits: the cores are for what computes.
    let runtime = Builder::new_current_thread()
        .enable_all()
        .build()
        .expect("a runtime");
    let done = runtime.block_on(run(args));
    runtime.shutdown_timeout(Duration::from_secs(1)); // for the writer; not for a name lookup
    done.unwrap_or_else(|error| {
        let _ = writeln!(stderr(), "error: {error:#}");
        ExitCode::FAILURE
    })
}

async fn run(args: Args) -> Result<ExitCode> {
    let demo = args.urls.is_empty();
    let urls = if demo { demo_pages().await? } else { args.urls };
    let client = Client::builder().timeout(Duration::from_secs(10));
    let client = if demo { client.no_proxy() } else { client }.build()?;
    let (asked, limit, in_memory) = (urls.len(), args.fetch.into(), Arc::new(()));
    let held = in_memory.clone();
    let fetches = urls
        .into_iter()
        .map(move |url| fetch(client.clone(), url, held.clone()));
    let _heart = AbortOnDropHandle::new(tokio::spawn(async {
        loop {
            BEATS.fetch_add(1, Relaxed);
            sleep(Duration::from_millis(5)).await;
        }
    }));
    let crunch = move |(url, page, held): (_, Bytes, _)| {
        let _ = demo && *WENT_ON[0].get_or_init(|| beats_on(3));
        (crc32(&page), page.len(), url, held)
    };
    let mut seen = HashSet::new();
    let write = move |(crc, size, url, _held): (_, _, _, Arc<()>)| {
        if !demo {
            return Ok(writeln!(stdout(), "{crc:08x} {size} {url}")?);
        }
        WENT_ON[1].get_or_init(|| beats_on(20)); // the fetches run ahead meanwhile, if they may
        MOST.fetch_max(Arc::strong_count(&in_memory) - 2, Relaxed); // but for here and `fetches`
        seen.insert(url).then_some(()).context("a page came twice")
    };
    let written = select! {
        written = pipeline(fetches, limit, crunch, write) => written?,
        _ = ctrl_c() => bail!("interrupted"),
    };
    let mut good = written == asked;
    if demo {
        let (most, bound) = (
            MOST.load(Relaxed),
            limit + 2 * rayon::current_num_threads() + 16,
        );
        let [crunching, writing] = WENT_ON.each_ref().map(|seen| seen.get() == Some(&true));
        writeln!(stdout(), "{written} of {asked} pages written, each once")?;
        writeln!(
            stdout(),
            "heartbeats while crunching: {crunching}, while writing: {writing}"
        )?;
        writeln!(
            stdout(),
            "in memory at most: {most} pages, the bound is {bound}"
        )?;
        good &= crunching && writing && most <= bound && crc32(b"123456789") == 0xCBF4_3926;
    }
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Fetches one page. Whoever holds the page holds a clone of `in_memory`.
async fn fetch(client: Client, url: Url, in_memory: Arc<()>) -> Result<(Url, Bytes, Arc<()>)> {
    let page = async {
        client
            .get(url.clone())
            .send()
            .await?
            .error_for_status()?
            .bytes()
            .await
    };
    let page = page
        .await
        .map_err(reqwest::Error::without_url)
        .with_context(|| url.clone())?;
    Ok((url, page, in_memory))
}

/// The checksum of zip and PNG, bit by bit.
fn crc32(bytes: &[u8]) -> u32 {
    let bit = |crc: u32, _| (crc >> 1) ^ (0xEDB8_8320 & (crc & 1).wrapping_neg());
    !bytes
        .iter()
        .fold(!0, |crc, &byte| (0..8).fold(crc ^ u32::from(byte), bit))
}

static BEATS: AtomicUsize = AtomicUsize::new(0); // heartbeats of the async thread
static MOST: AtomicUsize = AtomicUsize::new(0); // of pages in memory
static WENT_ON: [OnceLock<bool>; 2] = [const { OnceLock::new() }; 2]; // while crunching, writing

/// Whether the heart beats on `times` while this thread is busy. Gives up after 2 s.
fn beats_on(times: usize) -> bool {
    let (begun, goal) = (Instant::now(), BEATS.load(Relaxed) + times);
    while BEATS.load(Relaxed) < goal && begun.elapsed() < Duration::from_secs(2) {
        thread::yield_now(); // as busy as a computation
    }
    BEATS.load(Relaxed) >= goal
}

/// Serves pages of 64 KiB on loopback and returns the addresses of 200 of them.
async fn demo_pages() -> Result<Vec<Url>> {
    let page = async |Path(n): Path<u16>| format!("{n:08}").repeat(8192);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, Router::new().route("/{page}", get(page)));
    tokio::spawn(async { server.await });
    (1..=200)
        .map(|n| Ok(Url::parse(&format!("http://{address}/{n}"))?))
        .collect()
}
