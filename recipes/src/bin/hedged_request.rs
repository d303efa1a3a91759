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
//! - How to build the client: `http_client_session`. A server that fails now and then:
//!   `fanout_retry`.
//!
//! Python: `asyncio.wait(tasks, return_when=FIRST_COMPLETED)`, then `task.cancel()`
//! Needs: `cargo add anyhow@1 bytes@1 futures@0.3 reqwest@0.13`, `cargo add tokio@1 -F time`
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
use futures::future::{Either, select};
use reqwest::{Client, Url};
use tokio::time::timeout;

/// Awaits `first`, and also `second` once `after` has passed or `first` has failed. Returns the
/// success that comes first, and drops the other future. Dropped half-way, it drops both.
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
    match select(first, pin!(second)).await {
        Either::Left((Ok(answer), _)) | Either::Right((Ok(answer), _)) => Ok(answer),
        Either::Left((Err(first_error), second)) => {
            let answer = second.await;
            answer.map_err(|second_error| [first_error, second_error])
        }
        Either::Right((Err(second_error), first)) => {
            let answer = first.await;
            answer.map_err(|first_error| [first_error, second_error])
        }
    }
}

/// Fetches one page. Give `client` a timeout, or it waits for a server that hangs forever.
///
/// # Errors
/// If the request fails, or the status is not 2xx.
pub async fn fetch(client: &Client, url: &Url) -> Result<Bytes> {
    let response = client.get(url.clone()).send().await?;
    let status = response.status();
    ensure!(status.is_success(), "the server answered {status}");
    Ok(response.bytes().await?)
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
    let client = Client::builder().timeout(Duration::from_secs(10));
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
