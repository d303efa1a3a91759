//! Use one HTTP client for everything: its connections are kept and used again.
//!
//! Use it wherever a program makes more than one request to a server. A `Client` is a pool of
//! connections behind an `Arc`: a clone is the same client. One for each request opens, and with
//! https negotiates, a connection for each request, loads the certificates of the system each time,
//! and in the end runs out of ports ("Cannot assign requested address (os error 99)"). With HTTP/1
//! a connection goes back to the pool once the body has come to its end, so read it, also that of
//! an error, or fetch no more than the head with a HEAD request: a response dropped before that
//! takes its connection along, and one client is then as wasteful as many. (HTTP/2 has one
//! connection for all.) Connections belong to the runtime that opened them: a static client breaks
//! in tests, where each has a runtime of its own. There may be a few more of them than requests at
//! once: a request without one at hand opens one, and takes another if that is free sooner. Many
//! URLs, a few at a time: `fanout`.
//!
//! Python: one `aiohttp.ClientSession`, or `requests.Session`, not `requests.get`.
//! Needs: `cargo add anyhow@1 axum@0.8 bytes@1 futures@0.3 reqwest@0.13`,
//! `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin http_client_session
//! one client for each: 40 pages, 40 connections
//! one client, bodies left: 40 pages, 40 connections
//! one client: 40 pages, [..] connections, at most half as many
//! one client, errors: 0 pages, [..] connections, at most half as many
//!
//! $ cargo run -p recipes --bin http_client_session -- http://127.0.0.1:9/
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! 0 of 1 pages
//!
//! $ cargo run -p recipes --bin http_client_session -- --requests 0
//! ? 2
//! error: invalid value '0' for '--requests <N>': 0 is not in 20..=65535
//! ```

use std::io::{Write, stdout};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{process::exit, time::Duration};

use anyhow::{Error, Result, ensure};
use axum::{Router, body::Body, http::Uri, serve, serve::ListenerExt};
use bytes::{Bytes, BytesMut};
use clap::{Parser, value_parser};
use futures::{FutureExt, StreamExt, stream};
use reqwest::{Client, ClientBuilder, StatusCode, Url};
use tokio::{net::TcpListener, time::sleep};

/// For the one client of the whole program: add the headers that your server wants, `build` it at
/// the start, which errs if TLS cannot be set up, and hand out clones. It waits 5 s for a
/// connection and 30 s for a whole answer, body included, and keeps up to 8 idle connections to
/// each server, for 90 s.
pub fn client_builder() -> ClientBuilder {
    Client::builder()
        .user_agent(concat!(
            env!("CARGO_PKG_NAME"),
            "/",
            env!("CARGO_PKG_VERSION")
        ))
        .connect_timeout(Duration::from_secs(5))
        .timeout(Duration::from_secs(30))
        .pool_max_idle_per_host(8)
        .pool_idle_timeout(Duration::from_secs(90))
}

/// Fetches one page, to its end, which gives the connection back. A status from 400 to 599 is an
/// error, and so is a body of more than 16 MiB.
pub async fn fetch(client: Client, url: Url) -> Result<Bytes> {
    let mut response = client
        .get(url)
        .send()
        .await
        .map_err(reqwest::Error::without_url)?;
    let bad = response.error_for_status_ref().err();
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await? {
        ensure!(
            body.len() + chunk.len() <= 16 << 20,
            "a body of more than 16 MiB"
        );
        body.extend_from_slice(&chunk);
    }
    bad.map_or_else(
        || Ok(body.freeze()),
        |error| Err(error.without_url().into()),
    )
}

/// Fetches pages with one client.
#[derive(Parser)]
struct Args {
    /// What to fetch; with no URL, pages of a demo server in this process
    urls: Vec<Url>,
    /// How many pages of the demo server, 4 at once
    #[arg(long, value_name = "N", default_value_t = 40, value_parser = value_parser!(u16).range(20..))]
    requests: u16,
}

#[tokio::main]
async fn main() -> Result<()> {
    let Args { urls, requests } = Args::try_parse().unwrap_or_else(|wrong| {
        match wrong.to_string().lines().next() {
            Some(line) if wrong.use_stderr() => {
                eprintln!("{line}"); // without the usage
                exit(2)
            }
            _ => wrong.exit(), // --help, --version
        }
    });
    let good = if urls.is_empty() {
        demo(requests.into()).await?
    } else {
        fetch_all(urls).await?
    };
    exit(i32::from(!good)) // to return would wait for a name lookup that hangs
}

async fn fetch_all(urls: Vec<Url>) -> Result<bool> {
    let (client, asked, mut got) = (client_builder().build()?, urls.len(), 0);
    let fetch = |url: Url| fetch(client.clone(), url.clone()).map(|page| (url, page));
    let mut pages = stream::iter(urls).map(fetch).buffer_unordered(8);
    while let Some((mut url, page)) = pages.next().await {
        let _ = (url.set_username(""), url.set_password(None));
        match page {
            Ok(_) => got += 1,
            Err(error) => eprintln!("{url}: {}", error.root_cause()),
        }
    }
    writeln!(stdout(), "{got} of {asked} pages")?;
    Ok(got == asked)
}

static ACCEPTED: AtomicUsize = AtomicUsize::new(0);

/// Fetches `n` pages in three ways, and counts the connections that the server accepts.
async fn demo(n: usize) -> Result<bool> {
    // The body begins, and ends a moment later, or not at all.
    let page = async |uri: Uri| {
        let start = stream::iter([Ok::<_, Error>("a page")]);
        let end = sleep(Duration::from_millis(2)).map(|()| Ok(" and its end"));
        let status = if uri.path() == "/missing" {
            StatusCode::NOT_FOUND
        } else {
            StatusCode::OK
        };
        let endless = uri.path() == "/endless";
        let end = if endless {
            stream::pending().left_stream()
        } else {
            stream::once(end).right_stream()
        };
        (status, Body::from_stream(start.chain(end)))
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    let listener = listener.tap_io(|_| _ = ACCEPTED.fetch_add(1, Relaxed));
    tokio::spawn(async move { serve(listener, Router::new().fallback(page)).await });

    // Whatever http_proxy says: the server is in this process.
    let new_client = || client_builder().no_proxy().build();
    let mut good = true;
    // Those that are to share connections come last: one that is opened late counts for little.
    let alone = [
        ("one client for each", n, false),
        ("one client, bodies left", n, false),
    ];
    let together = [("one client", n, true), ("one client, errors", 0, true)];
    for (what, pages, few) in alone.into_iter().chain(together) {
        let shared = new_client()?;
        let get = async |_| match what {
            "one client for each" => fetch(new_client()?, url.clone()).await,
            "one client" => fetch(shared.clone(), url.clone()).await,
            "one client, errors" => fetch(shared.clone(), url.join("missing")?).await,
            _ => Ok(shared
                .get(url.join("endless")?)
                .send()
                .await
                .map(|_| Bytes::new())?),
        };
        let bodies: Vec<_> = stream::iter(0..n)
            .map(get)
            .buffer_unordered(4)
            .collect()
            .await;
        let (got, connections) = (bodies.iter().flatten().count(), ACCEPTED.swap(0, Relaxed));
        let half = if connections <= n / 2 {
            ", at most half as many"
        } else {
            ""
        };
        writeln!(
            stdout(),
            "{what}: {got} pages, {connections} connections{half}"
        )?;
        good &= got == pages
            && if few {
                connections <= n / 2
            } else {
                connections == n
            };
    }
    Ok(good)
}
