//! Ask a second server when the first one is slow, and take the first success.
//!
//! Use it to cut off the slow tail of a service that runs on several servers, for requests that
//! are safe to carry out twice. The second server is asked when `after` has passed without an
//! answer, or at once if the first one fails. The request that loses is dropped, which cancels it:
//! its connection closes, and the server can stop working on it.
//!
//! - A failure never wins: it counts only if both fail.
//! - Choose `after` so that about one request in twenty takes longer. Then the servers have about
//!   five percent more to do, and not twice as much.
//! - Both futures must do nothing before they are awaited. A spawned task runs already, and goes on
//!   when its handle is dropped.
//! - A server that fails now and then: `fanout_retry`.
//!
//! Python: `asyncio.wait(tasks, return_when=FIRST_COMPLETED)`, then `task.cancel()`
//! Needs: `cargo add anyhow@1 bytes@1 reqwest@0.13`, `cargo add tokio@1 -F macros,time`
//! Demo needs: `cargo add axum@0.8`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`,
//! `cargo add tokio-util@0.7 -F rt`
//! Tested: `recipes/tests/proof/hedged_request.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin hedged_request
//! http://127.0.0.1:[..]/fast: 11 bytes
//! the first server noticed that its request was canceled
//!
//! $ cargo run -p recipes --bin hedged_request -- http://127.0.0.1:9/ http://127.0.0.1:10/
//! ? 1
//! Error: both failed: Connection refused (os error [..]); Connection refused (os error [..])
//! ```

use std::pin::pin;
use std::time::Duration;

use anyhow::{Result, ensure};
use bytes::Bytes;
use reqwest::{Client, ClientBuilder, Url, retry};
use tokio::select;
use tokio::time::timeout;

/// Awaits `first`, and also `second` once `after` has passed or `first` has failed. Returns the first
/// success, and drops the other one.
///
/// # Errors
/// If both fail: the error of `first`, then that of `second`.
pub async fn hedged<T, E>(
    first: impl Future<Output = Result<T, E>>,
    second: impl Future<Output = Result<T, E>>,
    after: Duration,
) -> Result<T, [E; 2]> {
    let mut first = pin!(first);
    match timeout(after, &mut first).await {
        Ok(Ok(answer)) => return Ok(answer),
        Ok(Err(first_error)) => {
            let answer = second.await;
            return answer.map_err(|second_error| [first_error, second_error]);
        }
        Err(_) => {} // it is slow: await both
    }
    let mut second = pin!(second);
    select! {
        answer = &mut first => match answer {
            Ok(answer) => Ok(answer),
            Err(first_error) => {
                let answer = second.await;
                answer.map_err(|second_error| [first_error, second_error])
            }
        },
        answer = &mut second => match answer {
            Ok(answer) => Ok(answer),
            Err(second_error) => {
                let answer = first.await;
                answer.map_err(|first_error| [first_error, second_error])
            }
        },
    }
}

/// Fetches one page.
///
/// # Errors
/// If the request fails, or the status is not 2xx.
pub async fn fetch(client: &Client, url: &Url) -> Result<Bytes> {
    let response = client.get(url.clone()).send().await?;
    let status = response.status();
    ensure!(status.is_success(), "the server answered {status}");
    Ok(response.bytes().await?)
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

use std::future::pending;

use anyhow::bail;
use axum::{Router, routing::get};
use clap::Parser;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

#[derive(Parser)]
struct Args {
    /// Two servers with the same page [default: those of a demo, of which the first one hangs]
    #[arg(num_args = 2)]
    urls: Vec<Url>,

    /// How long to wait before the second is asked, in milliseconds
    #[arg(long, default_value_t = 100)]
    after: u64,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let client = client(Duration::from_secs(10));
    let after = Duration::from_millis(args.after);
    if let [first, second] = &args.urls[..] {
        return ask(&client.build()?, first, second, after).await;
    }
    let canceled = CancellationToken::new();
    let [first, second] = serve_demo_pages(canceled.clone()).await?;
    let client = client.no_proxy().build()?; // the demo server is in this process
    ask(&client, &first, &second, after).await?;
    canceled.cancelled().await;
    println!("the first server noticed that its request was canceled");
    Ok(())
}

/// Prints which server answered.
async fn ask(client: &Client, first: &Url, second: &Url, after: Duration) -> Result<()> {
    let get = async |url| fetch(client, url).await.map(|page| (url, page));
    match hedged(get(first), get(second), after).await {
        Ok((url, page)) => {
            println!("{url}: {} bytes", page.len());
            Ok(())
        }
        Err([first, second]) => {
            bail!(
                "both failed: {}; {}",
                first.root_cause(),
                second.root_cause()
            )
        }
    }
}

/// Serves on loopback a page that never comes, which cancels `canceled` when its request is
/// canceled, and a page that comes as soon as the other one was asked for.
async fn serve_demo_pages(canceled: CancellationToken) -> Result<[Url; 2]> {
    let asked = CancellationToken::new();
    let first_asked = asked.clone();
    let slow = move || async move {
        asked.cancel();
        let _guard = canceled.drop_guard();
        pending::<()>().await
    };
    let fast = move || async move {
        first_asked.cancelled().await;
        "hello world"
    };
    let router = Router::new()
        .route("/slow", get(slow))
        .route("/fast", get(fast));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let base = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    tokio::spawn(async { axum::serve(listener, router).await });
    Ok([base.join("slow")?, base.join("fast")?])
}
