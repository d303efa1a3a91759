//! Fetch a list of URLs with retries: backoff, jitter, `Retry-After`, one deadline for each URL.
//!
//! Use it for servers that are overloaded, restarted or far away. It tries again after what may
//! pass: no answer, half an answer ("connection closed before message completed", hyper's
//! `IncompleteMessage`), and the statuses 408, 429, 500, 502, 503, 504. The pause
//! doubles each time, has jitter, so that not all clients come back at once, and comes on top of
//! what `Retry-After` asks for. Only idempotent requests are sent twice: a POST that failed may
//! have been carried out. The deadline of a URL counts all of its tries and pauses; a pause that
//! would outlast it is not begun. Whatever fails, the others go on: each URL ends once, good or
//! failed, and Ctrl-C prints the totals so far. Where nothing is worth a second try: `fanout`. For
//! a server that is slow now and then: `hedged_request`.
//!
//! Python: `tenacity.retry` around `session.get(url)`; it repeats a POST, and never looks at
//! `Retry-After`, unless told to.
//! Needs: `cargo add anyhow@1 axum@0.8 bytes@1 futures@0.3 httpdate@1 reqwest@0.13`,
//! `cargo add backon@1 --no-default-features -F std,tokio-sleep`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7 -F rt`
//!
//! ```console unordered
//! $ cargo run -p recipes --bin fanout_retry
//! http://127.0.0.1:[..]/404: HTTP status client error (404 Not Found)
//! http://127.0.0.1:[..]/down: HTTP status server error (503 Service Unavailable)
//! http://127.0.0.1:[..]/closed: HTTP status server error (503 Service Unavailable)
//! http://127.0.0.1:[..]/hangs: no good answer within 2s
//! http://127.0.0.1:[..]/order: HTTP status server error (503 Service Unavailable)
//! 4 ok, 5 failed, of 9
//! the server saw {"/404": 1, "/429": 2, "/503": 3, "/closed": 1, "/down": 4, "/hang": 2, "/hangs": 2, "/order": 1, "/reset": 2}
//! ```
//!
//! ```console
//! $ cargo run -p recipes --bin fanout_retry -- http://127.0.0.1:9/
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! 0 ok, 1 failed, of 1
//!
//! $ cargo run -p recipes --bin fanout_retry -- --deadline soon
//! ? 2
//! error: invalid value 'soon' for '--deadline <SECONDS>': invalid float literal
//!
//! $ cargo run -p recipes --bin fanout_retry -- example.com
//! ? 2
//! error: invalid value 'example.com' for '[URLS]...': relative URL without a base
//! ```

use std::io::{Write, stderr, stdout};
use std::{collections::BTreeMap, future::pending, num::NonZeroU16, process::exit, sync::Mutex};
use std::{time::Duration, time::SystemTime};

use anyhow::{Error, Result, anyhow};
use axum::{Router, body::Body, http::Uri, serve, serve::ListenerExt};
use backon::{ExponentialBuilder, Retryable};
use bytes::{Bytes, BytesMut};
use clap::Parser;
use futures::{Stream, StreamExt, TryFutureExt, stream};
use reqwest::{Client, Method, Request, Response, StatusCode, Url, header::RETRY_AFTER};
use tokio::{net::TcpListener, signal::ctrl_c, time::Instant, time::timeout};
use tokio_util::task::AbortOnDropHandle;

/// Sends every request, at most `limit` at once, and yields each URL with what [`fetch`] returned,
/// in the order in which they end. Each has `patience` from its own start. Dropping the stream
/// stops what is in flight. Panics if `limit` is 0.
pub fn fan_out(
    client: Client,
    requests: impl IntoIterator<Item = Request>,
    limit: usize,
    patience: Duration,
) -> impl Stream<Item = (Url, Result<Bytes>)> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    stream::iter(requests)
        .map(move |request| {
            let url = request.url().clone();
            let fetch = fetch(client.clone(), request, patience);
            // A task each: it goes on while the caller is busy with another page, on any core.
            let task = AbortOnDropHandle::new(tokio::spawn(fetch));
            async move { (url, task.await.map_err(Error::from).flatten()) } // a panic: this URL's
        })
        .buffer_unordered(limit)
}

/// Sends `request` until its body is there, all of it, or [`BACKOFF`] or `patience` is exhausted,
/// or the failure is one that stays: a status (a failed connection, of whatever kind, may pass).
/// Errs with that of the last try, or, if `patience` ended in the middle of one, with that.
/// `client` wants a timeout, for each try: it has none by default, and a server that hangs once
/// would use up all of `patience`.
pub async fn fetch(client: Client, request: Request, patience: Duration) -> Result<Bytes> {
    let start = Instant::now();
    let may_repeat = request.method().is_idempotent();
    let tries = (|| try_once(&client, &request))
        .retry(BACKOFF)
        .adjust(|(_, asked), pause| {
            let pause = pause?.saturating_add((*asked)?);
            (may_repeat && start.elapsed().saturating_add(pause) < patience).then_some(pause)
        });
    let ended = timeout(patience, tries.map_err(|(error, _)| error)).await;
    ended.unwrap_or_else(|_| Err(anyhow!("no good answer within {patience:?}")))
}

/// Four tries; the pauses between them begin with 50 to 100 ms, 100 to 200 ms, and so on.
const BACKOFF: ExponentialBuilder = ExponentialBuilder::new()
    .with_max_times(3)
    .with_min_delay(Duration::from_millis(50))
    .with_jitter();

const MAX_BODY: usize = 16 << 20; // bytes

/// An error comes with the pause that the server asks for, or with none if it will not pass.
async fn try_once(client: &Client, request: &Request) -> Result<Bytes, (Error, Option<Duration>)> {
    let no_answer = |error: reqwest::Error| (error.without_url().into(), Some(Duration::ZERO));
    let copy = request
        .try_clone()
        .ok_or_else(|| (anyhow!("a body that is a stream"), None))?;
    let mut response = client.execute(copy).await.map_err(no_answer)?;
    if let Err(error) = response.error_for_status_ref() {
        let passes = matches!(response.status().as_u16(), 408 | 429 | 500 | 502..=504);
        let pause = || asked_pause(&response).unwrap_or_default();
        return Err((error.without_url().into(), passes.then(pause)));
    }
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(no_answer)? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_BODY {
            return Err((anyhow!("a body of more than {MAX_BODY} bytes"), None));
        }
    }
    Ok(body.freeze())
}

/// What `Retry-After` says, in seconds or as a date.
fn asked_pause(response: &Response) -> Option<Duration> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    let date = || {
        httpdate::parse_http_date(value)
            .ok()?
            .duration_since(SystemTime::now())
            .ok()
    };
    value.parse().map(Duration::from_secs).ok().or_else(date)
}

/// Fetches web pages, a few at a time, and tries again what may pass.
#[derive(Parser)]
struct Args {
    /// What to fetch; with nothing to fetch, a demo server in this process that misbehaves
    urls: Vec<Url>,
    /// How many to fetch at once
    #[arg(long, value_name = "N", default_value = "16")]
    limit: NonZeroU16,
    /// How long one try may take, body included
    #[arg(long, value_name = "SECONDS", default_value = "1", value_parser = seconds)]
    timeout: Duration,
    /// How long all tries of one page may take, pauses included
    #[arg(long, value_name = "SECONDS", default_value = "2", value_parser = seconds)]
    deadline: Duration,
}

fn seconds(text: &str) -> Result<Duration> {
    Ok(Duration::try_from_secs_f64(text.parse()?)?)
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let mut client = Client::builder().timeout(args.timeout);
    let get = |url| Request::new(Method::GET, url);
    let mut requests: Vec<_> = args.urls.into_iter().map(get).collect();
    let demo = requests.is_empty();
    if demo {
        requests = demo_requests().await?;
        client = client.no_proxy(); // whatever http_proxy says: the server is in this process
    }

    let (asked, mut ok, mut failed) = (requests.len(), 0, 0);
    let mut left: Vec<_> = requests
        .iter()
        .map(|request| request.url().clone())
        .collect();
    let pages = fan_out(
        client.build()?,
        requests,
        args.limit.get().into(),
        args.deadline,
    );
    let mut pages = Box::pin(pages.take_until(ctrl_c()));
    while let Some((mut url, page)) = pages.next().await {
        left.retain(|other| *other != url);
        (ok, failed) = (
            ok + usize::from(page.is_ok()),
            failed + usize::from(page.is_err()),
        );
        if let Err(error) = page {
            let _ = (url.set_username(""), url.set_password(None));
            let _ = writeln!(stderr(), "{url}: {}", error.root_cause());
        }
    }
    drop(pages); // after Ctrl-C: stops what is in flight

    let (mut good, mut summary) = (ok == asked, format!("{ok} ok, {failed} failed, of {asked}"));
    if demo {
        let seen = SEEN.lock().expect("no panic in it");
        summary += &format!("\nthe server saw {seen:?}");
        let ended_once = left.is_empty() && (ok, failed) == (4, 5);
        good = ended_once && seen.values().eq(&[1, 2, 3, 1, 4, 2, 2, 1, 2]);
    }
    good &= writeln!(stdout(), "{summary}").is_ok(); // `println!` would panic in a broken pipe
    exit(i32::from(!good)) // to return would wait for a name lookup that hangs
}

/// How often each path was asked for.
static SEEN: Mutex<BTreeMap<String, u32>> = Mutex::new(BTreeMap::new());

/// A server on loopback that misbehaves as the path says, and a request for each path.
async fn demo_requests() -> Result<Vec<Request>> {
    let opens = Instant::now() + Duration::from_secs(1);
    let answer = move |uri: Uri| async move {
        let nth = *(SEEN.lock().expect("no panic in it"))
            .entry(uri.path().into())
            .and_modify(|n| *n += 1)
            .or_insert(1);
        let (status, retry_after) = match (uri.path(), nth) {
            ("/404", _) => (404, "0"),
            ("/429", _) if Instant::now() < opens => (429, "1"),
            ("/503", 1 | 2) | ("/down" | "/order", _) => (503, "0"),
            ("/closed", _) => (503, "3600"),
            ("/hang", 1) | ("/hangs", _) => pending().await,
            _ => (200, "0"),
        };
        let end = if (uri.path(), nth) == ("/reset", 1) {
            Err("closed")
        } else {
            Ok("fine")
        };
        let body = Body::from_stream(stream::iter([end]));
        (
            StatusCode::from_u16(status).expect("a status"),
            [(RETRY_AFTER, retry_after)],
            body,
        )
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let listener = listener.tap_io(|socket| drop(socket.set_zero_linger())); // close is a reset
    tokio::spawn(async move { serve(listener, Router::new().fallback(answer)).await });
    let request = |path| {
        let method = if path == "order" {
            Method::POST
        } else {
            Method::GET
        };
        Ok(Request::new(
            method,
            format!("http://{address}/{path}").parse()?,
        ))
    };
    let paths = [
        "404", "429", "503", "closed", "down", "hang", "hangs", "reset", "order",
    ];
    paths.into_iter().map(request).collect()
}
