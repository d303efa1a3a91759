//! Fetch many URLs, and try again what may pass: backoff, jitter, `Retry-After`, a deadline.
//!
//! Use it for servers that are busy, restarted or far away. `fetch` makes one try and says whether
//! another one may help; the `backon` crate calls it up to four times. The pause doubles from try
//! to try. A random part of it, the jitter, keeps clients from coming back all at the same time.
//!
//! - Worth another try: no answer, half an answer, and the statuses 408, 429, 500, 502, 503, 504.
//!   Any other status ends it at once.
//! - A server that asks for a pause with `Retry-After` gets it. When the pause would end after the
//!   deadline, or cannot be read, there is no other try.
//! - "connection closed before message completed" (`IncompleteMessage`) means that the server
//!   closed the connection instead of answering. It is safe to repeat a GET then. A POST may have
//!   been carried out: repeat one only with an idempotency key.
//! - A body is read whole, however large it is. A limit: `fanout`. A slow server: `hedged_request`.
//!
//! Python: `tenacity.retry(wait=wait_exponential_jitter(0.1), stop=stop_after_attempt(4))`
//! Needs: `cargo add anyhow@1 bytes@1 jiff@0.2 reqwest@0.13`,
//! `cargo add backon@1 --no-default-features -F std,tokio-sleep`, `cargo add tokio@1 -F time`
//! Demo needs: `cargo add axum@0.8 futures@0.3`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/fanout_retry.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin fanout_retry
//! ? 1
//! http://127.0.0.1:[..]/missing: the server answered 404 Not Found
//! 1 of 2 pages
//! the demo server was asked 3 times for /busy
//! Error: 1 failed
//!
//! $ cargo run -p recipes --bin fanout_retry -- http://127.0.0.1:9/
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! 0 of 1 pages
//! Error: 1 failed
//! ```

use std::time::{Duration, SystemTime};

use anyhow::{Error, Result, anyhow, bail};
use backon::{ExponentialBuilder, Retryable};
use bytes::Bytes;
use jiff::fmt::rfc2822::DateTimeParser;
use reqwest::header::RETRY_AFTER;
use reqwest::{Client, ClientBuilder, Response, Url, retry};
use tokio::time::{Instant, timeout};

/// Up to four tries, with pauses of 0.1 to 0.2 s, 0.2 to 0.4 s and 0.4 to 0.8 s between them.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_min_delay(Duration::from_millis(100))
    .with_max_times(3)
    .with_jitter();

/// Fetches one page, if need be with several tries. All of them, and the pauses between them, end
/// before `deadline` has passed. Build `client` with [`client`]: its timeout is that of one try.
///
/// # Errors
/// That of the last try, or that of the deadline if it passed during a try.
pub async fn fetch_with_retries(client: &Client, url: &Url, deadline: Duration) -> Result<Bytes> {
    let start = Instant::now();
    let tries = (|| fetch(client, url))
        .retry(BACKOFF)
        .when(|failure| failure.may_pass)
        .adjust(|failure, backoff| {
            let pause = failure.retry_after.saturating_add(backoff?);
            let next_try = start.elapsed().saturating_add(pause);
            (next_try < deadline).then_some(pause)
        });
    match timeout(deadline, tries).await {
        Ok(Ok(page)) => Ok(page),
        Ok(Err(failure)) => Err(failure.error),
        Err(_) => bail!("no page within {deadline:?}"),
    }
}

/// Why a try failed.
#[derive(Debug)]
pub struct Failure {
    pub error: Error,
    /// Whether another try may help.
    pub may_pass: bool,
    /// How long the server asks to wait before it.
    pub retry_after: Duration,
}

/// Fetches one page in one try.
///
/// # Errors
/// If the request fails, or the status is not 2xx.
pub async fn fetch(client: &Client, url: &Url) -> Result<Bytes, Failure> {
    let response = client.get(url.clone()).send().await?;
    let status = response.status();
    if status.is_success() {
        return Ok(response.bytes().await?);
    }
    Err(Failure {
        error: anyhow!("the server answered {status}"),
        may_pass: matches!(status.as_u16(), 408 | 429 | 500 | 502..=504),
        retry_after: retry_after(&response),
    })
}

impl From<reqwest::Error> for Failure {
    /// No answer, or half an answer. It may pass, unless the URL or a redirect is wrong.
    fn from(error: reqwest::Error) -> Self {
        Self {
            may_pass: !error.is_builder() && !error.is_redirect(),
            retry_after: Duration::ZERO,
            error: error.without_url().into(),
        }
    }
}

/// How long the server asks to wait: a number of seconds, or the date when the pause ends. What
/// cannot be read as either counts as forever.
fn retry_after(response: &Response) -> Duration {
    let Some(value) = response.headers().get(RETRY_AFTER) else {
        return Duration::ZERO;
    };
    let text = value.to_str().unwrap_or_default();
    if let Ok(seconds) = text.parse() {
        return Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX);
    }
    match DateTimeParser::new().parse_timestamp(text) {
        Ok(date) => {
            let pause = SystemTime::from(date).duration_since(SystemTime::now());
            pause.unwrap_or(Duration::ZERO) // an error: the date has passed
        }
        Err(_) => Duration::MAX,
    }
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

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use anyhow::ensure;
use axum::{Router, http::StatusCode, routing::get};
use clap::Parser;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Args {
    /// What to fetch, 8 at a time [default: two pages of a demo server in this process]
    urls: Vec<Url>,

    /// How long one page may take with all its tries, in seconds
    #[arg(long, default_value_t = 30)]
    deadline: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut client = client(Duration::from_secs(10));
    let mut urls = args.urls;
    if urls.is_empty() {
        urls = serve_demo_pages().await?;
        client = client.no_proxy(); // the demo server is in this process
    }
    let client = client.build()?;
    let deadline = Duration::from_secs(args.deadline);

    let total = urls.len();
    let mut fetched = 0;
    let mut pages = stream::iter(urls)
        .map(async |url| (fetch_with_retries(&client, &url, deadline).await, url))
        .buffer_unordered(8);
    while let Some((page, url)) = pages.next().await {
        match page {
            Ok(_) => fetched += 1,
            Err(error) => eprintln!("{url}: {}", error.root_cause()),
        }
    }
    println!("{fetched} of {total} pages");
    let busy_asked = BUSY_ASKED.load(Relaxed);
    if busy_asked > 0 {
        println!("the demo server was asked {busy_asked} times for /busy");
    }
    ensure!(fetched == total, "{} failed", total - fetched);
    Ok(())
}

static BUSY_ASKED: AtomicUsize = AtomicUsize::new(0);

/// Serves on loopback a page that is busy the first two times, and none at `/missing`.
async fn serve_demo_pages() -> Result<Vec<Url>> {
    async fn busy() -> StatusCode {
        match BUSY_ASKED.fetch_add(1, Relaxed) {
            0 | 1 => StatusCode::SERVICE_UNAVAILABLE,
            _ => StatusCode::OK,
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    let server = axum::serve(listener, Router::new().route("/busy", get(busy)));
    tokio::spawn(async { server.await });
    Ok(vec![base.join("busy")?, base.join("missing")?])
}
