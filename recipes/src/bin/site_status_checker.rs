//! Check whether sites are up, many at a time, and tell missing, failing and silent ones apart.
//!
//! Use it before a release, or every minute. Each site is asked for its page as a browser asks for
//! it: with GET, because some servers refuse HEAD or answer it wrongly, with a `User-Agent`, and
//! with the cookies that it sets. Redirects are followed. The body is not read.
//!
//! - Up is a status of 2xx. Missing is 404 or 410. Failing is any other status, a connection that
//!   breaks, or an answer that is not HTTP. Silent is a site that cannot be reached, by its name,
//!   its port or its certificate, or that has not answered in time.
//! - The time of a site begins with its first request, and includes redirects.
//! - To handle each answer as it arrives: `fanout`. To repeat the checks: `periodic_interval`.
//!
//! Python: `asyncio.gather` over `session.get(url)` under a `Semaphore(8)` and a `timeout`
//! Needs: `cargo add anyhow@1 futures@0.3 percent-encoding@2`, `cargo add reqwest@0.13 -F cookies`,
//! `cargo add tokio@1 -F sync,time`
//! Demo needs: `cargo add axum@0.8`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/site_status_checker.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin site_status_checker -F cookies
//! ? 1
//! Up       http://127.0.0.1:[..]/: 200 OK
//! Up       http://127.0.0.1:[..]/moved: 200 OK
//! Missing  http://127.0.0.1:[..]/missing: 404 Not Found
//! Failing  http://127.0.0.1:[..]/failing: 503 Service Unavailable
//! Silent   http://127.0.0.1:9/: Connection refused (os error [..])
//! Error: 3 of 5 not up
//!
//! $ cargo run -p recipes --bin site_status_checker -F cookies -- localhost:8080/
//! ? 2
//! error: invalid value 'localhost:8080/' for '[URLS]...': no http:// or https://
//! ...
//! ```

use std::time::Duration;

use futures::future::join_all;
use percent_encoding::{CONTROLS, percent_encode};
use reqwest::header::LOCATION;
use reqwest::{Client, ClientBuilder, Response, StatusCode, Url};
use tokio::sync::Semaphore;
use tokio::time::timeout;

/// What became of a site.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Health {
    Up,
    Missing,
    Failing,
    Silent,
}

/// A site, its health, and the status or the error that says so.
#[derive(Debug)]
pub struct Check {
    pub url: Url,
    pub health: Health,
    pub reason: String,
}

/// Checks all sites, at most `limit` at a time and each for at most `patience`, and returns what
/// came of it, in the order of the URLs. Dropping the future cancels what is in progress.
///
/// # Panics
/// If `limit` is 0.
pub async fn check_all(
    client: &Client,
    urls: Vec<Url>,
    limit: usize,
    patience: Duration,
) -> Vec<Check> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let permits = Semaphore::new(limit);
    let checks = urls.into_iter().map(async |url| {
        let _permit = permits.acquire().await.expect("it is never closed");
        check(client, url, patience).await
    });
    join_all(checks).await
}

/// Checks one site, for at most `patience`.
pub async fn check(client: &Client, url: Url, patience: Duration) -> Check {
    let answer = timeout(patience, request(client, url.clone())).await;
    let health = match &answer {
        Ok(Ok(response)) => health_of(response.status()),
        Ok(Err(error)) if error.is_connect() => Health::Silent,
        Ok(Err(_)) => Health::Failing,
        Err(_) => Health::Silent,
    };
    let reason = match answer {
        Ok(Ok(response)) => response.status().to_string(),
        Ok(Err(error)) => anyhow::Error::from(error).root_cause().to_string(),
        Err(_) => format!("no answer after {patience:?}"),
    };
    Check {
        url,
        health,
        reason,
    }
}

fn health_of(status: StatusCode) -> Health {
    match status {
        StatusCode::NOT_FOUND | StatusCode::GONE => Health::Missing,
        _ if status.is_success() => Health::Up,
        _ => Health::Failing,
    }
}

/// Sends a GET and follows redirects. Reqwest does that, except to an address of raw bytes.
async fn request(client: &Client, url: Url) -> reqwest::Result<Response> {
    let mut response = client.get(url).send().await?;
    for _ in 0..10 {
        let Some(target) = raw_redirect(&response) else {
            break;
        };
        response = client.get(target).send().await?;
    }
    Ok(response)
}

/// Where a redirect leads whose `Location` is not UTF-8, as servers of old file names send it.
fn raw_redirect(response: &Response) -> Option<Url> {
    let location = response.headers().get(LOCATION)?.as_bytes();
    if !response.status().is_redirection() || str::from_utf8(location).is_ok() {
        return None;
    }
    let escaped = percent_encode(location, CONTROLS).to_string();
    response.url().join(&escaped).ok()
}

/// Prepares a client that says who it is, keeps cookies, and opens a connection for each request.
/// One that was kept could be closed by the server just when it is used again.
pub fn client() -> ClientBuilder {
    let client = Client::builder()
        .user_agent("Mozilla/5.0 (compatible; status checker)")
        .cookie_store(true)
        .pool_max_idle_per_host(0);
    if Client::builder().build().is_ok() {
        return client;
    }
    client.tls_certs_only([]) // this system has no certificates: no https, but still http
}

// ---- Demo ----------------------------------------------------------------------------------

use anyhow::{Result, ensure};
use axum::response::Redirect;
use axum::{Router, routing::get};
use clap::{Parser, value_parser};
use tokio::net::TcpListener;

#[derive(Parser)]
struct Args {
    /// What to check [default: sites of a demo server in this process]
    #[arg(value_parser = http_url)]
    urls: Vec<Url>,

    /// How many to check at a time
    #[arg(long, default_value_t = 8, value_parser = value_parser!(u16).range(1..))]
    limit: u16,

    /// How long one site may take, in seconds
    #[arg(long, default_value_t = 10)]
    timeout: u64,
}

/// Reads a URL. `localhost:8080` alone would be one too, with the scheme `localhost`.
fn http_url(text: &str) -> Result<Url> {
    let url = Url::parse(text)?;
    let scheme = url.scheme();
    ensure!(matches!(scheme, "http" | "https"), "no http:// or https://");
    Ok(url)
}

#[tokio::main]
async fn main() -> Result<()> {
    let mut args = Args::parse();
    let mut client = client();
    if args.urls.is_empty() {
        args.urls = serve_demo_sites().await?;
        client = client.no_proxy(); // the demo server is in this process
    }

    let client = client.build()?;
    let patience = Duration::from_secs(args.timeout);
    let checks = check_all(&client, args.urls, args.limit.into(), patience).await;
    let mut down = 0;
    for check in &checks {
        let health = format!("{:?}", check.health);
        println!("{health:8} {}: {}", check.url, check.reason);
        if check.health != Health::Up {
            down += 1;
        }
    }
    ensure!(down == 0, "{down} of {} not up", checks.len());
    Ok(())
}

/// Serves a few sites on loopback, and returns their URLs, and one where nobody listens.
async fn serve_demo_sites() -> Result<Vec<Url>> {
    let app = Router::new()
        .route("/", get(|| async { "a page" }))
        .route("/moved", get(|| async { Redirect::to("/") }))
        .route(
            "/failing",
            get(|| async { StatusCode::SERVICE_UNAVAILABLE }),
        );
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    let server = axum::serve(listener, app);
    tokio::spawn(async { server.await });
    let mut urls = Vec::new();
    for path in ["/", "/moved", "/missing", "/failing", "http://127.0.0.1:9/"] {
        urls.push(base.join(path)?);
    }
    Ok(urls)
}
