//! Make many API calls, a few at a time, and get typed answers in the order asked.
//!
//! Use it when the answers belong to a list: one for each row, user or page number. `buffered(n)`
//! makes at most n calls at a time, and yields the answers in the order of the calls: one that
//! comes early waits for those before it. serde checks each answer. A field that is missing or has
//! the wrong type is the error of that call, and the other answers still arrive.
//!
//! - A slow call holds up the n - 1 behind it, and then new ones. If the order does not matter:
//!   `fanout`. With retries: `fanout_retry`.
//! - To stop at the first error, use `try_collect` instead of `collect`.
//! - A byte order mark in front of the JSON, which some servers send, is skipped.
//! - An answer is read whole, however large it is. A limit: `fanout`.
//!
//! Python: `asyncio.gather(*calls, return_exceptions=True)` with a `Semaphore`, then pydantic
//! Needs: `cargo add anyhow@1 futures@0.3 reqwest@0.13 serde@1 serde_json@1`
//! Demo needs: `cargo add axum@0.8`, `cargo add clap@4 -F derive`, `cargo add serde@1 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/fetch_json_in_order.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin fetch_json_in_order
//! ? 1
//! user 1
//! user 2
//! http://127.0.0.1:[..]/users/three: invalid type: string "three", expected u64 at line 1 column 14
//! user 4
//! Error: 1 of 4 failed
//!
//! $ cargo run -p recipes --bin fetch_json_in_order -- http://127.0.0.1:9/
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! Error: 1 of 1 failed
//! ```

use std::time::Duration;

use anyhow::{Result, ensure};
use futures::{StreamExt, stream};
use reqwest::{Client, ClientBuilder, Url, retry};
use serde::de::DeserializeOwned;

/// Makes all calls, at most `limit` at a time, and returns their answers in the order of `urls`.
/// Build `client` with [`client`], or give it a timeout: otherwise a server that hangs holds up
/// everything. Dropping the future cancels what is in progress.
///
/// # Panics
/// If `limit` is 0.
pub async fn fetch_all<T: DeserializeOwned>(
    client: Client,
    urls: Vec<Url>,
    limit: usize,
) -> Vec<Result<T>> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let calls = urls.into_iter().map(|url| fetch(client.clone(), url));
    stream::iter(calls).buffered(limit).collect().await
}

/// Makes one call.
///
/// # Errors
/// If the request fails, the status is not 2xx, or the answer is not the JSON of a `T`.
pub async fn fetch<T: DeserializeOwned>(client: Client, url: Url) -> Result<T> {
    let response = client.get(url).send().await?;
    let status = response.status();
    ensure!(status.is_success(), "the server answered {status}");
    let body = response.bytes().await?;
    let json = body.strip_prefix(b"\xef\xbb\xbf"); // a byte order mark
    Ok(serde_json::from_slice(json.unwrap_or(&body))?)
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

use axum::{Router, extract::Path, routing::get};
use clap::Parser;
use serde::Deserialize;
use tokio::net::TcpListener;

#[derive(Deserialize)]
struct User {
    id: u64,
}

#[derive(Parser)]
struct Args {
    /// Users such as https://jsonplaceholder.typicode.com/users/1 [default: four of a demo server]
    urls: Vec<Url>,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let mut client = client(Duration::from_secs(10));
    let mut urls = args.urls;
    if urls.is_empty() {
        urls = serve_demo_users().await?;
        client = client.no_proxy(); // the demo server is in this process
    }
    let users: Vec<Result<User>> = fetch_all(client.build()?, urls.clone(), 8).await;

    let mut failed = 0;
    for (url, user) in urls.iter().zip(&users) {
        match user {
            Ok(user) => println!("user {}", user.id),
            Err(error) => {
                println!("{url}: {}", error.root_cause());
                failed += 1;
            }
        }
    }
    ensure!(failed == 0, "{failed} of {} failed", urls.len());
    Ok(())
}

/// Serves users on loopback, and returns the URLs of four of them. One has a word as its id.
async fn serve_demo_users() -> Result<Vec<Url>> {
    async fn user(Path(id): Path<String>) -> String {
        match id.parse::<u64>() {
            Ok(id) => format!(r#"{{"id": {id}}}"#),
            Err(_) => format!(r#"{{"id": "{id}"}}"#),
        }
    }
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = Url::parse(&format!("http://{}/users/", listener.local_addr()?))?;
    let server = axum::serve(listener, Router::new().route("/users/{id}", get(user)));
    tokio::spawn(async { server.await });
    ["1", "2", "three", "4"]
        .iter()
        .map(|id| Ok(base.join(id)?))
        .collect()
}
