//! Fetch a list of URLs, at most N at once, and handle each page as it arrives.
//!
//! Use it when there are more URLs than a server takes at once, or than your limit on open files
//! allows ("Too many open files (os error 24)").
//! `buffer_unordered(n)` does it: a fetch starts when another ends, so at most n pages are on their
//! way or wait for you. A URL that fails is a result like any other: the others still arrive.
//! Dropping the stream stops what is in flight; so does Ctrl-C, and prints the totals. Over 16 MiB
//! or 10 s (set on the `Client`) a page fails. With retries: `fanout_retry`. A list still being
//! written, or too long for memory: `fanout_stream`. In the order asked: `buffered(n)`.
//!
//! Python: `async with semaphore:` around `session.get(url)`, in an `asyncio.TaskGroup`.
//! Needs: `cargo add anyhow@1 axum@0.8 bytes@1 futures@0.3 indicatif@0.18 reqwest@0.13`,
//! `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7 -F rt`
//! Tested: `recipes/tests/fanout.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin fanout
//! 40 of 40 pages, 40960 bytes; the server saw 8 at once
//!
//! $ cargo run -p recipes --bin fanout -- --limit 3
//! 40 of 40 pages, 40960 bytes; the server saw 3 at once
//!
//! $ cargo run -p recipes --bin fanout -- http://127.0.0.1:9/
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! 0 of 1 pages, 0 bytes
//!
//! $ cargo run -p recipes --bin fanout -- --limit 0
//! ? 2
//! error: invalid value '0' for '--limit <N>': 0 is not in 1..=65535
//!
//! $ cargo run -p recipes --bin fanout -- example.com
//! ? 2
//! error: invalid value 'example.com' for '[URLS]...': relative URL without a base
//! ```

use std::io::{Write, stderr, stdout};
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use anyhow::{Context, Error, Result, ensure};
use axum::{Router, routing::get};
use bytes::{Bytes, BytesMut};
use clap::{Parser, value_parser};
use futures::{FutureExt, Stream, StreamExt, stream};
use indicatif::ProgressBar;
use reqwest::{Client, Response, Url};
use tokio::time::{sleep, timeout};
use tokio::{net::TcpListener, runtime::Runtime, signal::ctrl_c, sync::Semaphore};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// Fetches every URL, at most `limit` at once, and yields each with its body, or with the error
/// that stopped it, in the order in which they end. Dropping the stream stops what is in flight.
/// `client` wants a timeout: it has none by default, and a server that hangs keeps its place.
/// Panics if `limit` is 0.
pub fn fan_out(
    client: Client,
    urls: impl IntoIterator<Item = Url>,
    limit: usize,
) -> impl Stream<Item = (Url, Result<Bytes>)> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    stream::iter(urls)
        .map(move |url| {
            // A task each: it goes on while the caller is busy with another page, on any core.
            let task = AbortOnDropHandle::new(tokio::spawn(fetch(client.clone(), url.clone())));
            async move { (url, task.await.map_err(Error::from).flatten()) } // a panic: this URL's
        })
        .buffer_unordered(limit)
}

/// Fetches one page. A status from 400 to 599 is an error, and so is a body over [`MAX_BODY`].
pub async fn fetch(client: Client, url: Url) -> Result<Bytes> {
    let response = client
        .get(url)
        .send()
        .await
        .and_then(Response::error_for_status);
    let mut response = response.map_err(reqwest::Error::without_url)?; // the caller has it
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        ensure!(
            body.len() + chunk.len() <= MAX_BODY,
            "a body of more than {MAX_BODY} bytes"
        );
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

const MAX_BODY: usize = 16 << 20;

/// Fetches web pages, a few at a time.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// What to fetch; with nothing to fetch, 40 pages of a demo server in this process
    urls: Vec<Url>,

    /// How many to fetch at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..))]
    limit: u16,

    /// How long one page may take, body included
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    timeout: f64,
}

fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let runtime = Runtime::new().expect("a runtime");
    let done = runtime.block_on(run(args));
    runtime.shutdown_background(); // do not wait for a name lookup: nothing can stop it
    done.unwrap_or_else(|error| {
        let _ = writeln!(stderr(), "error: {error:#}");
        ExitCode::from(2)
    })
}

async fn run(
    Args {
        mut urls,
        limit,
        timeout,
    }: Args,
) -> Result<ExitCode> {
    let timeout = Duration::try_from_secs_f64(timeout).context("--timeout")?;
    ensure!(!timeout.is_zero(), "--timeout: 0 would fail every page");
    let mut client = Client::builder().timeout(timeout);
    let demo = urls.is_empty();
    if demo {
        urls = demo_pages(limit.into()).await?;
        client = client.no_proxy(); // whatever http_proxy says: the server is in this process
    }

    let asked = urls.len();
    let progress = ProgressBar::new(asked as u64); // on stderr, and only if that is a terminal
    let (mut ended, mut got, mut bytes) = (0, 0, 0);
    let pages = fan_out(client.build()?, urls, limit.into());
    tokio::spawn(ctrl_c().then(|_| ctrl_c()).map(|_| exit(1))); // the second, whatever goes on
    let mut pages = Box::pin(pages.take_until(ctrl_c()));
    while let Some((url, page)) = pages.next().await {
        ended += 1;
        progress.inc(1);
        match page {
            Ok(body) => (got, bytes) = (got + 1, bytes + body.len()),
            Err(error) => progress.suspend(|| report(url, error)),
        }
    }
    drop(pages); // after Ctrl-C: stops what is in flight
    progress.finish_and_clear();

    let interrupted = if ended < asked { "interrupted: " } else { "" };
    let mut summary = format!("{interrupted}{got} of {asked} pages, {bytes} bytes");
    let mut good = got == asked;
    if demo {
        let most = MOST_AT_ONCE.load(Relaxed);
        summary += &format!("; the server saw {most} at once");
        good &= most == asked.min(limit.into());
    }
    good &= writeln!(stdout(), "{summary}").is_ok(); // `println!` would panic in a broken pipe
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// One line on stderr: the URL without its password, and what went wrong at the root.
fn report(mut url: Url, error: Error) {
    let _ = (url.set_username(""), url.set_password(None));
    let cause = error.root_cause().to_string().replace(['\r', '\n'], " ");
    let _ = writeln!(stderr(), "{url}: {cause}");
}

static MOST_AT_ONCE: AtomicUsize = AtomicUsize::new(0);

/// Serves pages of 1 KiB on loopback and returns the addresses of 40 of them. The first ones wait
/// until `limit` are asked for at once, or for 2 s; each then stays a while, to be counted.
async fn demo_pages(limit: usize) -> Result<Vec<Url>> {
    static SEATS: Semaphore = Semaphore::const_new(Semaphore::MAX_PERMITS);
    let full = CancellationToken::new();
    let page = move || async move {
        let _seat = SEATS.acquire().await; // given back even where the client hangs up meanwhile
        let at_once = Semaphore::MAX_PERMITS - SEATS.available_permits();
        MOST_AT_ONCE.fetch_max(at_once, Relaxed);
        if at_once >= limit.min(40) {
            full.cancel();
        }
        let _ = timeout(Duration::from_secs(2), full.cancelled()).await;
        sleep(Duration::from_millis(20)).await; // one too many would be seen
        "x".repeat(1024)
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, Router::new().route("/{page}", get(page)));
    tokio::spawn(async { server.await });
    (1..=40)
        .map(|n| Ok(Url::parse(&format!("http://{address}/{n}"))?))
        .collect()
}
