//! Ask a second server when the first is slow, take the answer that comes first, cancel the rest.
//!
//! Use it to cut off the slow tail of a service that has several servers, for requests that may be
//! carried out twice. The next one is asked when `after` has passed without an answer, or at once
//! when one has failed. A failure never wins: it counts only when all have failed. Whoever loses is
//! dropped, and that is what cancels it: its connection, in HTTP/2 its stream, closes, and the
//! server stops working on it, if it notices. Choose `after` so that few requests take that long,
//! say one in twenty: then the servers have that much more to do, not twice as much. A server that
//! fails now and then: `fanout_retry`.
//!
//! Python: `asyncio.wait(tasks, return_when=FIRST_COMPLETED)`; the first may be a failure, and the
//! others run on until somebody calls `cancel`.
//! Needs: `cargo add anyhow@1 axum@0.8 futures@0.3 reqwest@0.13`,
//! `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin hedged_request
//! http://127.0.0.1:[..]/late won
//! of ["hangs", "late"]: 2 asked, 1 answered, 1 canceled
//! http://127.0.0.1:[..]/fast won
//! of ["fast", "spare"]: 1 asked, 1 answered, 0 canceled
//! http://127.0.0.1:[..]/fast won
//! of ["down", "fast"]: 2 asked, 2 answered, 0 canceled
//! http://127.0.0.1:[..]/down: HTTP status server error (503 Service Unavailable)
//! http://127.0.0.1:[..]/down: HTTP status server error (503 Service Unavailable)
//! of ["down", "down"]: 2 asked, 2 answered, 0 canceled
//!
//! $ cargo run -p recipes --bin hedged_request -- http://127.0.0.1:9/ http://127.0.0.1:10/
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! http://127.0.0.1:10/: Connection refused (os error [..])
//!
//! $ cargo run -p recipes --bin hedged_request -- --after soon
//! ? 2
//! error: invalid value 'soon' for '--after <MS>': invalid digit found in string
//! ```

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{io::Write, io::stdout, process::exit, time::Duration};

use anyhow::{Error, Result};
use axum::{Router, http::StatusCode, http::Uri, serve};
use clap::Parser;
use futures::stream::{FuturesUnordered, StreamExt};
use reqwest::{Client, Response, Url};
use tokio::{net::TcpListener, select, sync::Semaphore, time::sleep};

/// Starts the first of `tries`, and another one whenever `after` has passed without an answer or
/// one has failed. Returns the first success, and drops what still runs; where all fail, their
/// errors, in the order in which they failed. Dropped half-way, it drops them all.
/// A try is a future that does nothing before it is awaited; a task that is spawned runs already.
pub async fn hedged<T, E>(
    tries: impl IntoIterator<Item = impl Future<Output = Result<T, E>>>,
    after: Duration,
) -> Result<T, Vec<E>> {
    // Collected: nobody could `tokio::spawn` this future with an iterator in it that borrows.
    let mut waiting = tries.into_iter().collect::<Vec<_>>().into_iter();
    let mut running: FuturesUnordered<_> = waiting.next().into_iter().collect();
    let mut errors = Vec::new();
    loop {
        select! {
            biased; // an answer that is there beats the clock
            ended = running.next() => match ended {
                Some(Ok(answer)) => return Ok(answer),
                Some(Err(error)) => errors.push(error),
                None => return Err(errors),
            },
            () = sleep(after), if waiting.len() > 0 => {}
        }
        running.extend(waiting.next());
    }
}

/// Says who answers first.
#[derive(Parser)]
struct Args {
    /// Where to ask, in this order; with no URL, at a demo server in this process
    urls: Vec<Url>,
    /// How long to wait for an answer before the next is asked, in milliseconds
    #[arg(long, value_name = "MS", default_value_t = 100)]
    after: u64,
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
    let after = Duration::from_millis(args.after);
    let client = Client::builder().timeout(Duration::from_secs(10));
    let good = match args.urls.is_empty() {
        // Whatever http_proxy says: the server is in this process.
        true => demo(client.no_proxy().build()?, after).await?,
        false => ask(&client.build()?, args.urls, after).await?,
    };
    exit(i32::from(!good)) // to return would wait for a name lookup that hangs
}

/// Prints who answers first, or why nobody does; returns whether somebody does.
async fn ask(client: &Client, urls: Vec<Url>, after: Duration) -> Result<bool> {
    let ask = async |mut url: Url| {
        let answer = client
            .get(url.clone())
            .send()
            .await
            .and_then(Response::error_for_status);
        let _ = (url.set_username(""), url.set_password(None)); // not to be printed
        let answer = answer.map_err(|error| Error::from(error.without_url()));
        answer
            .map(|_| format!("{url} won"))
            .map_err(|e| format!("{url}: {}", e.root_cause()))
    };
    let first = hedged(urls.into_iter().map(ask), after).await;
    writeln!(
        stdout(),
        "{}",
        first.clone().unwrap_or_else(|errors| errors.join("\n"))
    )?;
    Ok(first.is_ok())
}

static ASKED: AtomicUsize = AtomicUsize::new(0);
static ANSWERED: AtomicUsize = AtomicUsize::new(0);
static IDLE: Semaphore = Semaphore::const_new(2);

/// Waits until it is so, or for some 2 s.
async fn until(done: impl Fn() -> bool) {
    for _ in (0..2000).take_while(|_| !done()) {
        sleep(Duration::from_millis(1)).await;
    }
}

async fn demo(client: Client, after: Duration) -> Result<bool> {
    let page = async |uri: Uri| {
        ASKED.fetch_add(1, Relaxed);
        let _busy = IDLE.acquire().await; // given back even where the client hangs up meanwhile
        let (path, both_asked) = (uri.path(), || ASKED.load(Relaxed) == 2);
        until(|| path != "/hangs" && (path != "/late" || both_asked())).await;
        sleep(Duration::from_millis(20)).await; // one asked too early would be seen
        ANSWERED.fetch_add(1, Relaxed);
        if path == "/down" {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        }
    };
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move { serve(listener, Router::new().fallback(page)).await });

    let (mut good, never, mut out) = (true, Duration::from_secs(60), stdout());
    for (paths, after, expected) in [
        (["hangs", "late"], after, (true, [2, 1, 1])),
        (["fast", "spare"], never, (true, [1, 1, 0])),
        (["down", "fast"], never, (true, [2, 2, 0])),
        (["down", "down"], never, (false, [2, 2, 0])),
    ] {
        let urls = paths.map(|path| format!("http://{address}/{path}").parse());
        let won = ask(&client, urls.into_iter().collect::<Result<_, _>>()?, after).await?;
        until(|| IDLE.available_permits() == 2).await;
        let [asked, answered] = [&ASKED, &ANSWERED].map(|count| count.swap(0, Relaxed));
        let canceled = asked - answered + IDLE.available_permits() - 2;
        writeln!(
            out,
            "of {paths:?}: {asked} asked, {answered} answered, {canceled} canceled"
        )?;
        good &= (won, [asked, answered, canceled]) == expected;
    }
    Ok(good)
}
