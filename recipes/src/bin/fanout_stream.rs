//! Fetch URLs from stdin or a file as they come, at most N at a time, a million if need be.
//!
//! Use it when the list is long, or another program is still writing it. `read_urls` runs as a task
//! and sends each line's URL into a channel; `fan_out` takes the next one when a page has ended. A
//! full channel makes the reader wait, so a million lines need no more memory than a thousand. A
//! silent stdin holds up neither the pages nor Ctrl-C.
//!
//! - A line that is no URL is named with its number and counts as failed. The others go on.
//!   Blank lines and lines that begin with `#` are skipped, and so is a byte order mark.
//! - Lines end in `\n` or `\r\n` and have at most 8 KiB.
//! - A list that is in memory already: `fanout`. With retries: `fanout_retry`.
//!
//! Python: `async for line in reader`, then `asyncio.create_task` under a `Semaphore(8)`
//! Needs: `cargo add anyhow@1 bytes@1 futures@0.3 reqwest@0.13`,
//! `cargo add tokio@1 -F io-util,rt,sync`, `cargo add tokio-util@0.7 -F rt`
//! Demo needs: `cargo add axum@0.8 tokio-stream@0.1`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/fanout.rs`, `recipes/tests/proof/fanout_stream.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin fanout_stream -- --demo 1000
//! 1000 of 1000 pages, 1024000 bytes
//!
//! $ printf '# two lines\n\nhttp://127.0.0.1:9/\nno url\n' | cargo run -p recipes --bin fanout_stream -- --limit 1
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! line 4: relative URL without a base
//! 0 of 2 pages, 0 bytes
//!
//! $ cargo run -p recipes --bin fanout_stream -- --from missing.txt
//! ? 2
//! error: missing.txt: No such file or directory (os error [..])
//! ```

use std::io;
use std::str;
use std::time::Duration;

use anyhow::{Context, Result, anyhow, ensure};
use bytes::{Bytes, BytesMut};
use futures::{Stream, StreamExt};
use reqwest::{Client, ClientBuilder, Url, retry};
use tokio::io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader};
use tokio::sync::mpsc::Sender;
use tokio_util::task::AbortOnDropHandle;

/// Fetches each URL as it comes, at most `limit` at a time, and yields it with its body, in the
/// order in which they end. An error has the URL, without its password, as its context. An error
/// that comes instead of a URL is passed on. Dropping the stream cancels what is in progress.
///
/// Build `client` with [`client`], or give it a timeout: otherwise a server that hangs counts
/// against the limit forever.
///
/// # Panics
/// If `limit` is 0.
pub fn fan_out(
    client: Client,
    urls: impl Stream<Item = Result<Url>>,
    limit: usize,
) -> impl Stream<Item = Result<(Url, Bytes)>> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    urls.map(move |url| {
        // A task each, so that fetches go on while the caller is busy with a page.
        let task = url.map(|url| {
            let page = fetch_named(client.clone(), url);
            AbortOnDropHandle::new(tokio::spawn(page))
        });
        async move { task?.await? }
    })
    .buffer_unordered(limit)
}

/// Fetches one page, and returns its URL with the body or the error.
async fn fetch_named(client: Client, mut url: Url) -> Result<(Url, Bytes)> {
    match fetch(client, url.clone()).await {
        Ok(body) => Ok((url, body)),
        Err(error) => {
            let _ = url.set_username(""); // for the eyes of others
            let _ = url.set_password(None);
            Err(error.context(url))
        }
    }
}

/// The largest body that `fetch` accepts, in bytes.
const MAX_BODY: usize = 16 << 20;

/// Fetches one page.
///
/// # Errors
/// If the request fails, the status is not 2xx, or the body is larger than `MAX_BODY`.
pub async fn fetch(client: Client, url: Url) -> Result<Bytes> {
    let response = client.get(url).send().await?;
    let response = response.error_for_status();
    let mut response = response.map_err(reqwest::Error::without_url)?;
    let status = response.status();
    ensure!(status.is_success(), "no page, but HTTP status {status}"); // 304, for example
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        body.extend_from_slice(&chunk);
        ensure!(
            body.len() <= MAX_BODY,
            "a body of more than {MAX_BODY} bytes"
        );
    }
    Ok(body.freeze())
}

/// The longest line that `read_urls` accepts, in bytes, with its end.
const MAX_LINE: u64 = 8 << 10;

/// Reads URLs, one per line, and sends them. For a line that is no URL it sends an error that has
/// the number of the line as its context. Blank lines and lines that begin with `#` are skipped.
/// Returns at the end of `input`, or when the receiver was dropped.
///
/// # Errors
/// If `input` cannot be read.
pub async fn read_urls(input: impl AsyncRead + Unpin, urls: Sender<Result<Url>>) -> io::Result<()> {
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    for number in 1_u64.. {
        line.clear();
        let mut start_of_line = (&mut input).take(MAX_LINE);
        start_of_line.read_until(b'\n', &mut line).await?;
        if line.is_empty() {
            break;
        }
        let too_long = start_of_line.limit() == 0 && !line.ends_with(b"\n");
        if too_long {
            skip_line(&mut input).await?;
        }
        if number == 1 && line.starts_with(b"\xef\xbb\xbf") {
            line.drain(..3); // a byte order mark
        }
        let text = line.trim_ascii();
        let blank = text.is_empty() && !too_long;
        if blank || text.starts_with(b"#") {
            continue;
        }
        let url = if too_long {
            Err(anyhow!("too long"))
        } else {
            parse_url(text)
        };
        let url = url.with_context(|| format!("line {number}"));
        if urls.send(url).await.is_err() {
            break;
        }
    }
    Ok(())
}

/// Reads up to the end of a line, without keeping it.
async fn skip_line(input: &mut (impl AsyncBufReadExt + Unpin)) -> io::Result<()> {
    let mut part = Vec::new();
    while !part.ends_with(b"\n") {
        part.clear();
        let length = input.take(MAX_LINE).read_until(b'\n', &mut part).await?;
        if length == 0 {
            break;
        }
    }
    Ok(())
}

fn parse_url(text: &[u8]) -> Result<Url> {
    let text = str::from_utf8(text)?;
    let url = Url::parse(text)?;
    let is_web = matches!(url.scheme(), "http" | "https");
    ensure!(is_web, "neither http nor https"); // in `localhost:8080`, `localhost` is the scheme
    Ok(url)
}

/// Prepares a client that allows `timeout` for a page, body included.
///
/// A client keeps connections open. A server may close one just when the next request is sent.
/// It then fails through no fault of its own, so a request that is safe to repeat is sent
/// again: up to 20 times, because the other connections may have been closed as well.
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

use std::io::Write;
use std::path::PathBuf;
use std::process::exit;

use axum::Router;
use clap::{Parser, value_parser};
use tokio::fs::File;
use tokio::net::TcpListener;
use tokio::signal::ctrl_c;
use tokio::sync::mpsc;
use tokio::task::block_in_place;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;

#[derive(Parser)]
struct Args {
    /// Where to read the URLs, one per line [default: stdin]
    #[arg(long, value_name = "FILE")]
    from: Option<PathBuf>,

    /// Fetch so many pages of a demo server in this process instead
    #[arg(long, value_name = "PAGES", conflicts_with = "from")]
    demo: Option<u64>,

    /// How many to fetch at a time
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u16).range(1..))]
    limit: u16,

    /// How long one page may take, in seconds
    #[arg(long, default_value_t = 10, value_parser = value_parser!(u64).range(1..))]
    timeout: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::try_parse().unwrap_or_else(|error| exit_with(&error));
    // In a task of its own: tasks wake each other faster than they wake `main`.
    let status = match tokio::spawn(run(args)).await? {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            print_error(&format!("error: {error:#}"));
            2
        }
    };
    exit(status) // without waiting for a silent stdin
}

/// Ends the program because of wrong arguments, with the first line of what clap says.
fn exit_with(error: &clap::Error) -> ! {
    if !error.use_stderr() {
        error.exit(); // `--help`
    }
    let message = error.to_string();
    let first_line = message.lines().next().unwrap_or_default();
    eprintln!("{first_line}");
    exit(2)
}

/// Fetches all pages, prints how many arrived, and returns whether all did. Ctrl-C ends it early.
async fn run(args: Args) -> Result<bool> {
    let mut client = client(Duration::from_secs(args.timeout));
    let (sender, urls) = mpsc::channel(64);
    let reader = match args.demo {
        Some(pages) => {
            client = client.no_proxy(); // the demo server is in this process
            tokio::spawn(list_demo_pages(pages, sender))
        }
        None => tokio::spawn(read_list(args.from, sender)),
    };

    let mut total = 0;
    let mut fetched = 0;
    let mut bytes = 0;
    let stop = CancellationToken::new();
    tokio::spawn(stop_at_ctrl_c(stop.clone()));
    let urls = ReceiverStream::new(urls).inspect(|_| total += 1);
    let pages = fan_out(client.build()?, urls, args.limit.into());
    let mut pages = Box::pin(pages.take_until(stop.cancelled()));
    while let Some(page) = pages.next().await {
        match page {
            Ok((_, body)) => {
                fetched += 1;
                bytes += body.len();
            }
            Err(error) => print_error(&format!("{error}: {}", error.root_cause())),
        }
    }
    drop(pages); // cancels what is still in progress

    let mut summary = format!("{fetched} of {total} pages, {bytes} bytes");
    if stop.is_cancelled() {
        summary.insert_str(0, "interrupted: ");
    } else {
        reader.await??;
    }
    // `println!` would panic in a broken pipe.
    let printed = block_in_place(|| writeln!(io::stdout(), "{summary}"));
    Ok(printed.is_ok() && fetched == total && !stop.is_cancelled())
}

/// Cancels `stop` at the first Ctrl-C, and ends the program at the second.
async fn stop_at_ctrl_c(stop: CancellationToken) -> io::Result<()> {
    ctrl_c().await?;
    stop.cancel();
    ctrl_c().await?;
    exit(1)
}

/// Prints an error; `eprintln!` would panic in a broken pipe. A full pipe holds up no other task.
fn print_error(line: &str) {
    let _ = block_in_place(|| writeln!(io::stderr(), "{line}"));
}

/// Sends the URLs of a file, or of stdin.
async fn read_list(from: Option<PathBuf>, urls: Sender<Result<Url>>) -> Result<()> {
    let Some(path) = from else {
        return read_urls(tokio::io::stdin(), urls).await.context("stdin");
    };
    let name = path.display().to_string();
    let file = File::open(path).await.context(name.clone())?;
    read_urls(file, urls).await.context(name)
}

/// Serves pages of 1 KiB on loopback, and sends the URLs of `pages` of them.
async fn list_demo_pages(pages: u64, urls: Sender<Result<Url>>) -> Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    let server = axum::serve(listener, Router::new().fallback(async || "x".repeat(1024)));
    tokio::spawn(async { server.await });
    for page in 1..=pages {
        let url = base.join(&page.to_string())?;
        urls.send(Ok(url)).await?;
    }
    Ok(())
}
