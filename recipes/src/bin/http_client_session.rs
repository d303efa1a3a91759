//! Build one HTTP client well, and use it for everything: its connections are kept.
//!
//! Use it in every program that makes more than one request. A `Client` is a pool of connections,
//! and a clone of it is the same pool: build one at the start and hand out clones or references.
//! A client for each request opens a connection for each request, negotiates TLS and loads the
//! certificates again each time.
//!
//! - "Cannot assign requested address (os error 99)": a client for each request has used up the
//!   ports, because a closed connection keeps its port for a minute. One client does not.
//! - "connection closed before message completed" (`IncompleteMessage`): the server closed a kept
//!   connection just when the next request was sent. This client sends a GET again then. It does
//!   not repeat a POST, which may have been carried out.
//! - A body that is dropped before all of it has come takes its connection along, so `fetch` reads
//!   that of an error too. With HTTP/2 one connection serves all requests to a server.
//! - Connections belong to the runtime that opened them. A client in a `static` breaks in tests,
//!   where each test has a runtime of its own.
//!
//! Python: one `aiohttp.ClientSession`, `httpx.Client` or `requests.Session`, not `requests.get`
//! Needs: `cargo add anyhow@1 bytes@1 reqwest@0.13`
//! Demo needs: `cargo add axum@0.8 futures@0.3`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/http_client_session.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin http_client_session
//! connections for 40 requests, with a client for each: 40
//! connections for 40 requests, with one client: [..]
//!
//! $ cargo run -p recipes --bin http_client_session -- http://127.0.0.1:9/
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! 0 of 1 pages
//! Error: 1 failed
//! ```

use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use reqwest::{Client, ClientBuilder, Url, retry};

/// Prepares the client: add headers or a proxy if you need them, and call `build` once.
///
/// It waits up to 5 seconds for a connection, and up to 30 for a whole answer, body included. For
/// long downloads set `read_timeout` instead, which counts anew for each part of the body.
pub fn client() -> ClientBuilder {
    let name = concat!(env!("CARGO_PKG_NAME"), "/", env!("CARGO_PKG_VERSION"));
    Client::builder()
        .user_agent(name) // some servers refuse clients that do not say what they are
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30))
        .retry(send_again())
}

/// Sends a request again if it is safe to repeat and its connection broke before the answer came.
/// Up to 20 times, because the other connections may have been closed as well.
fn send_again() -> retry::Builder {
    retry::for_host(AnyHost)
        .no_budget()
        .max_retries_per_request(20)
        .classify_fn(|attempt| {
            let safe = attempt.method().is_idempotent();
            if safe && attempt.error().is_some_and(lost_connection) {
                attempt.retryable()
            } else {
                attempt.success()
            }
        })
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

/// Fetches one page.
///
/// # Errors
/// If the request fails, or the status is not 2xx.
pub async fn fetch(client: &Client, url: Url) -> Result<Bytes> {
    let response = client.get(url).send().await?;
    let status = response.status();
    let body = response.bytes().await?; // also that of an error, to keep the connection
    ensure!(status.is_success(), "the server answered {status}");
    Ok(body)
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use axum::Router;
use axum::serve::ListenerExt;
use clap::Parser;
use futures::{StreamExt, stream};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Args {
    /// What to fetch with one client [default: 40 pages of a demo server in this process]
    urls: Vec<Url>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    if args.urls.is_empty() {
        return demo().await;
    }
    let total = args.urls.len();
    let client = client().build()?;
    let mut fetched = 0;
    let mut pages = stream::iter(args.urls)
        .map(async |url| (fetch(&client, url.clone()).await, url))
        .buffer_unordered(8);
    while let Some((page, url)) = pages.next().await {
        match page {
            Ok(_) => fetched += 1,
            Err(error) => println!("{url}: {}", error.root_cause()),
        }
    }
    println!("{fetched} of {total} pages");
    ensure!(fetched == total, "{} failed", total - fetched);
    Ok(())
}

/// Makes 40 requests with a client for each, then with one client, and counts the connections.
async fn demo() -> Result<()> {
    let url = serve_demo_page().await?;
    for _ in 0..40 {
        let client = client().no_proxy().build()?; // the demo server is in this process
        fetch(&client, url.clone()).await?;
    }
    let accepted = ACCEPTED.swap(0, Relaxed);
    println!("connections for 40 requests, with a client for each: {accepted}");

    let client = client().no_proxy().build()?;
    for _ in 0..40 {
        fetch(&client, url.clone()).await?;
    }
    let accepted = ACCEPTED.load(Relaxed);
    println!("connections for 40 requests, with one client: {accepted}");
    Ok(())
}

static ACCEPTED: AtomicUsize = AtomicUsize::new(0);

/// Serves a page on loopback, and counts the connections that it accepts.
async fn serve_demo_page() -> Result<Url> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/", listener.local_addr()?).parse()?;
    let listener = listener.tap_io(|_| {
        ACCEPTED.fetch_add(1, Relaxed);
    });
    let server = axum::serve(listener, Router::new().fallback(async || "a page"));
    tokio::spawn(async { server.await });
    Ok(url)
}
