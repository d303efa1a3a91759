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

/// Fetches each URL as it comes, at most `limit` at a time, and yields it with its body, in the order
/// in which they end. An error names the URL, without its password. An error that comes instead
/// of a URL is passed on. Dropping the stream cancels what is in progress.
///
/// Build `client` with [`client`], or give it a timeout: otherwise a server that hangs counts against
/// the limit forever.
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
        let fetch = url.map(|url| {
            let task = tokio::spawn(fetch(client.clone(), url.clone()));
            (url, AbortOnDropHandle::new(task))
        });
        async move {
            let (url, task) = fetch?;
            let page = match task.await {
                Ok(page) => page,
                Err(panic) => Err(panic.into()),
            };
            let body = page.with_context(|| without_password(&url))?;
            Ok((url, body))
        }
    })
    .buffer_unordered(limit)
}

fn without_password(url: &Url) -> Url {
    let mut url = url.clone();
    let _ = url.set_username(""); // an error: it had none
    let _ = url.set_password(None);
    url
}

/// The largest body that `fetch` accepts, in bytes.
const MAX_BODY: usize = 16 << 20;

/// Fetches one page.
///
/// # Errors
/// If the request fails, the status is not 2xx, or the body is larger than `MAX_BODY`.
pub async fn fetch(client: Client, url: Url) -> Result<Bytes> {
    let response = client.get(url).send().await?.error_for_status();
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

/// The longest line that `read_urls` accepts, in bytes.
const MAX_LINE: u64 = 8 << 10;

/// Reads URLs, one per line, and sends them; for a line that is no URL, an error with its number.
/// Skips blank lines and those that begin with `#`. Returns at the end of `input`, or when the
/// receiver was dropped.
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
        let mut text = line.as_slice();
        if number == 1 {
            text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text); // a byte order mark
        }
        text = text.trim_ascii();
        let skip = text.is_empty() || text.starts_with(b"#");
        let url = if too_long {
            Err(anyhow!("too long"))
        } else {
            parse_url(text)
        };
        if too_long {
            skip_line(&mut input).await?;
        }
        let url = url.with_context(|| format!("line {number}"));
        if !skip && urls.send(url).await.is_err() {
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
    let url = Url::parse(str::from_utf8(text)?)?;
    // `localhost:8080` is a URL with the scheme `localhost`.
    let scheme = url.scheme();
    ensure!(
        scheme == "http" || scheme == "https",
        "neither http nor https"
    );
    Ok(url)
}

/// Prepares a client that allows `timeout` for a page, body included.
///
/// A client keeps connections open. A server may close one just when the next request is sent, which
/// then fails through no fault of its own, so a request that is safe to repeat is sent again.
pub fn client(timeout: Duration) -> ClientBuilder {
    let send_again = retry::for_host(AnyHost)
        .no_budget()
        .max_retries_per_request(5)
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
async fn main() {
    let args = Args::try_parse().unwrap_or_else(|error| exit_with(&error));
    let status = match run(args).await {
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

/// Fetches all pages and prints how many arrived. Ctrl-C ends it early. Returns whether all arrived.
async fn run(args: Args) -> Result<bool> {
    let mut client = client(Duration::from_secs(args.timeout));
    let (sender, urls) = mpsc::channel(64);
    let reader = if let Some(pages) = args.demo {
        client = client.no_proxy(); // the demo server is in this process
        tokio::spawn(list_demo_pages(pages, sender))
    } else if let Some(path) = args.from {
        tokio::spawn(async move {
            let name = path.display().to_string();
            let file = File::open(&path).await.context(name.clone())?;
            read_urls(file, sender).await.context(name)
        })
    } else {
        tokio::spawn(async { read_urls(tokio::io::stdin(), sender).await.context("stdin") })
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
    let printed = writeln!(io::stdout(), "{summary}"); // `println!` would panic if nobody reads it
    Ok(printed.is_ok() && fetched == total && !stop.is_cancelled())
}

/// Cancels `stop` at the first Ctrl-C, and ends the program at the second.
async fn stop_at_ctrl_c(stop: CancellationToken) -> io::Result<()> {
    ctrl_c().await?;
    stop.cancel();
    ctrl_c().await?;
    exit(1)
}

fn print_error(line: &str) {
    let _ = writeln!(io::stderr(), "{line}"); // `eprintln!` would panic if nobody reads it
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
