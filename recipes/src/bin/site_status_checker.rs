//! Check many sites at once, and tell those that are up, missing, failing and silent apart.
//!
//! Use it before a release, or every minute. Each gets a HEAD request, or where the server does not
//! know that, a GET whose body is left unread. Redirects are followed. Missing is a page that is
//! not there (4xx); failing is a server that errs (5xx, or an answer that is not HTTP); silent is
//! one that never gets as far: no answer in time, nobody listening, no such name, an invalid
//! certificate. The exit status is 1 unless all are up. A site that hangs takes one place of those
//! at once until its timeout, not all of them: each is reported as soon as it is known. Each check
//! is a task, so it goes on while you handle a result; else it could time out meanwhile, and a good
//! site seem silent. To use the pages: `fanout`. One slow server of several: `hedged_request`.
//!
//! Python: `session.head(url, timeout=t, allow_redirects=True)` in `gather(...,
//! return_exceptions=True)`; in a `TaskGroup` the first site that fails would cancel all the other
//! checks.
//! Needs: `cargo add anyhow@1 axum@0.8 futures@0.3 reqwest@0.13`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7 -F rt`
//!
//! ```console unordered
//! $ cargo run -p recipes --bin site_status_checker
//! missing  404 http://127.0.0.1:[..]/missing
//! up       200 http://127.0.0.1:[..]/up
//! up       200 http://127.0.0.1:[..]/moved
//! up       200 http://127.0.0.1:[..]/no_head
//! failing  503 http://127.0.0.1:[..]/failing
//! silent     - http://127.0.0.1:[..]/silent: operation timed out
//! silent     - http://127.0.0.1:9/: Connection refused (os error [..])
//! 3 up, 1 missing, 1 failing, 2 silent
//! ```
//!
//! ```console
//! $ cargo run -p recipes --bin site_status_checker -- --limit 2
//! missing  404 http://127.0.0.1:[..]/missing
//! up       200 http://127.0.0.1:[..]/up
//! up       200 http://127.0.0.1:[..]/moved
//! up       200 http://127.0.0.1:[..]/no_head
//! failing  503 http://127.0.0.1:[..]/failing
//! silent     - http://127.0.0.1:9/: Connection refused (os error [..])
//! silent     - http://127.0.0.1:[..]/silent: operation timed out
//! 3 up, 1 missing, 1 failing, 2 silent
//!
//! $ cargo run -p recipes --bin site_status_checker -- http://127.0.0.1:9/
//! ? 1
//! silent     - http://127.0.0.1:9/: Connection refused (os error [..])
//! 0 up, 0 missing, 0 failing, 1 silent
//!
//! $ cargo run -p recipes --bin site_status_checker -- example.com
//! ? 2
//! error: invalid value 'example.com' for '[URLS]...': relative URL without a base
//! ```

use std::{future::pending, io::Write, io::stdout, process::exit, time::Duration};

use anyhow::{Error, Result};
use axum::{Router, http::Method, http::Uri, response::IntoResponse, response::Redirect, serve};
use clap::{Parser, value_parser};
use futures::{Stream, StreamExt, stream};
use reqwest::{Client, StatusCode, Url};
use tokio_util::task::AbortOnDropHandle;

/// What became of a request.
#[derive(Debug)]
pub enum Health {
    /// A status below 400, after all redirects.
    Up(StatusCode),
    /// A status from 400 to 499: there is a server, and no such page, or not for you.
    Missing(StatusCode),
    /// A status of 500 or more, or an answer that is none, such as redirects without an end.
    Failing(Result<StatusCode, reqwest::Error>),
    /// No answer in time, or no connection: nobody listens, no such name, a bad certificate.
    Silent(reqwest::Error),
}

/// Checks every URL, at most `limit` at once, and yields each with its health, as soon as it is
/// known. Dropping the stream stops what is in flight. `client` wants a timeout: it has none by
/// default, and nothing would ever be silent. Panics if `limit` is 0.
pub fn check_all(
    client: Client,
    urls: impl IntoIterator<Item = Url>,
    limit: usize,
) -> impl Stream<Item = (Url, Health)> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    stream::iter(urls)
        .map(move |url| {
            // A task each: it goes on while the caller is busy, as its timeout does.
            let task = AbortOnDropHandle::new(tokio::spawn(check(client.clone(), url.clone())));
            async move { (url, task.await.expect("no panic in it")) }
        })
        .buffer_unordered(limit)
}

/// Checks one URL: its head, or the page if it has to be. Either may take `client`'s timeout.
pub async fn check(client: Client, url: Url) -> Health {
    let mut answer = client.head(url.clone()).send().await;
    if answer
        .as_ref()
        .is_ok_and(|answer| matches!(answer.status().as_u16(), 405 | 501))
    {
        answer = client.get(url).send().await; // its body is dropped, unread
    }
    match answer
        .map(|answer| answer.status())
        .map_err(reqwest::Error::without_url)
    {
        Ok(status) if status.is_server_error() => Health::Failing(Ok(status)),
        Ok(status) if status.is_client_error() => Health::Missing(status),
        Ok(status) => Health::Up(status),
        Err(error) if error.is_timeout() || error.is_connect() => Health::Silent(error),
        Err(error) => Health::Failing(Err(error)),
    }
}

/// Checks sites.
#[derive(Parser)]
struct Args {
    /// What to check; with no URL, pages of a demo server in this process
    urls: Vec<Url>,
    /// How many at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..))]
    limit: u16,
    /// How long a site may be silent [default: 10000; in the demo 1000]
    #[arg(long, value_name = "MS")]
    timeout: Option<u64>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help
    });
    let (demo, mut urls) = (args.urls.is_empty(), args.urls);
    let timeout = Duration::from_millis(args.timeout.unwrap_or(if demo { 1000 } else { 10_000 }));
    let mut client = Client::builder().timeout(timeout);
    if demo {
        urls = demo_sites().await?;
        client = client.no_proxy(); // whatever http_proxy says: the server is in this process
    }
    let (mut counts, mut last) = ([0; 4], false);
    let mut checks = Box::pin(check_all(client.build()?, urls, args.limit.into()));
    while let Some((mut url, health)) = checks.next().await {
        let _ = (url.set_username(""), url.set_password(None)); // not to be printed
        let (class, name, result) = match health {
            Health::Up(status) => (0, "up", Ok(status)),
            Health::Missing(status) => (1, "missing", Ok(status)),
            Health::Failing(result) => (2, "failing", result),
            Health::Silent(error) => (3, "silent", Err(error)),
        };
        counts[class] += 1;
        match result.map_err(Error::from) {
            Ok(status) => writeln!(stdout(), "{name:8} {} {url}", status.as_u16()),
            Err(error) => writeln!(stdout(), "{name:8}   - {url}: {}", error.root_cause()),
        }?; // `println!` would panic in a broken pipe
        last = url.path() == "/silent";
        let busy = demo && class == 1 && args.limit >= 7; // with what is missing
        tokio::time::sleep(timeout * busy.into()).await;
    }
    let [up, missing, failing, silent] = counts;
    writeln!(
        stdout(),
        "{up} up, {missing} missing, {failing} failing, {silent} silent"
    )?;
    // Not to return: that would wait for a name lookup that hangs.
    let held_up = (2..7).contains(&args.limit) && !last; // the others, by the silent one
    exit(i32::from(if demo {
        counts != [3, 1, 1, 2] || held_up
    } else {
        counts[1..] != [0; 3]
    }))
}

/// Serves good and bad pages on loopback, and returns their addresses.
async fn demo_sites() -> Result<Vec<Url>> {
    let page = async |method: Method, uri: Uri| match uri.path() {
        "/moved" => Redirect::to("/up").into_response(),
        "/no_head" if method == Method::HEAD => StatusCode::METHOD_NOT_ALLOWED.into_response(),
        "/missing" => StatusCode::NOT_FOUND.into_response(),
        "/failing" => StatusCode::SERVICE_UNAVAILABLE.into_response(),
        "/silent" => pending().await,
        _ => "a page".into_response(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await?;
    let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    tokio::spawn(async move { serve(listener, Router::new().fallback(page)).await });
    let urls = [
        "silent",
        "missing",
        "up",
        "moved",
        "no_head",
        "failing",
        "//127.0.0.1:9/",
    ];
    urls.iter().map(|path| Ok(url.join(path)?)).collect()
}
