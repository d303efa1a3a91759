//! Send no more than N requests a second, however many callers there are, and in any window.
//!
//! Use it for an API that allows so many calls a second, or a minute, and locks out whoever makes
//! more. Each request takes a place before it leaves; there are as many as may arrive at once (the
//! burst). A place rests for a while once its answer has come, so the server never sees more than
//! the burst and N for each second, in any window. A limit on what leaves cannot promise that: what
//! a slow network holds up arrives all at once. What it costs: the time of an answer comes on top
//! of each rest; a larger burst makes up for it. Callers are served in the order they came. One
//! that is dropped while it waits leaves no trace; a request that is dropped, fails or panics
//! counts, and its place rests from then on, even if it arrives later. A redirect is one more
//! request: turn redirects off, or go through the limit again. For a limit on each user of a
//! server: `governor`.
//!
//! Python: `aiolimiter.AsyncLimiter(rate, 1)`, which counts what leaves.
//! Needs: `cargo add anyhow@1 axum@0.8 reqwest@0.13`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/rate_limit.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin rate_limit
//! 100 of 100 answered; the server saw no more than 10 at once and 100 a second
//!
//! $ cargo run -p recipes --bin rate_limit -- --evenly
//! ? 1
//! 100 of 100 answered; the server saw more than 10 at once and 100 a second
//!
//! $ cargo run -p recipes --bin rate_limit -- --rate 20 --burst 1 --callers 8
//! 8 of 8 answered; the server saw no more than 1 at once and 20 a second
//!
//! $ cargo run -p recipes --bin rate_limit -- --rate 5 http://127.0.0.1:9/
//! ? 1
//! error sending request for url (http://127.0.0.1:9/): [..] Connection refused (os error [..])
//! 0 of 1 answered
//!
//! $ cargo run -p recipes --bin rate_limit -- --rate 0
//! ? 2
//! error: invalid value '0' for '--rate <N>': number would be zero for non-zero type
//! ```

use std::io::{Write, stderr, stdout};
use std::sync::{Arc, Mutex};
use std::{cmp::Reverse, collections::BinaryHeap, iter, num::NonZeroU16, process::exit};

use anyhow::{Error, Result};
use axum::{Router, serve};
use clap::Parser;
use reqwest::{Client, Response, Url};
use tokio::sync::{Semaphore, SemaphorePermit};
use tokio::time::{Duration, Instant, sleep, sleep_until};
use tokio::{net::TcpListener, task::JoinSet};

/// Lets so many requests through, as the server counts them. Share it by reference, in an `Arc`, or
/// as a `static LazyLock`.
pub struct RateLimit {
    rest: Duration,
    turn: tokio::sync::Mutex<()>, // held by whoever is next
    places: Semaphore,
    rested: Mutex<BinaryHeap<Reverse<Instant>>>, // when each free place may be taken again
}

impl RateLimit {
    /// At most `burst` requests at once, and `rate` for each `period` on average: in any window no
    /// more than both together.
    pub fn new(rate: NonZeroU16, period: Duration, burst: NonZeroU16) -> Self {
        let now = Reverse(Instant::now());
        let rest = period * burst.get().into() / rate.get().into();
        Self {
            rest: rest + Duration::from_nanos(1), // the division rounds down
            turn: tokio::sync::Mutex::default(),
            places: Semaphore::new(burst.get().into()),
            rested: Mutex::new(iter::repeat_n(now, burst.get().into()).collect()),
        }
    }

    /// Runs `request` when its turn comes, and returns what it returns. Waits as long as that
    /// takes. `request` must not end before the answer has come: no `spawn` in it. Await this, or
    /// drop it: one that is kept and not polled may hold the turn of all others
    /// (`deadlock_unpolled_future_broken`).
    pub async fn run<F: Future>(&self, request: F) -> F::Output {
        // Only the next one waits for a place: if it goes, its place is for the one behind it.
        let turn = self.turn.lock().await;
        let permit = self.places.acquire().await.expect("never closed");
        let Reverse(rested) = self
            .rested
            .lock()
            .expect("no panic in it")
            .pop()
            .expect("a place");
        let mut place = Place {
            limit: self,
            unused: Some(rested),
            _permit: permit,
        };
        sleep_until(rested).await;
        drop(turn);
        place.unused = None;
        request.await
    }
}

/// A place that is taken. Dropped, it rests from now on, or, if it was not used, as it did before.
struct Place<'a> {
    limit: &'a RateLimit,
    unused: Option<Instant>,
    _permit: SemaphorePermit<'a>, // given back after `drop` has run
}

impl Drop for Place<'_> {
    fn drop(&mut self) {
        let rested = self
            .unused
            .unwrap_or_else(|| Instant::now() + self.limit.rest);
        self.limit
            .rested
            .lock()
            .expect("no panic in it")
            .push(Reverse(rested));
    }
}

/// Sends requests, so many a second.
#[derive(Parser)]
struct Args {
    /// What to fetch; with no URL, a demo server in this process, which counts
    urls: Vec<Url>,
    /// How many a second
    #[arg(long, value_name = "N", default_value = "100")]
    rate: NonZeroU16,
    /// How many at once
    #[arg(long, value_name = "N", default_value = "10")]
    burst: NonZeroU16,
    /// How many call at once, in the demo
    #[arg(long, value_name = "N", default_value = "100")]
    callers: NonZeroU16,
    /// Let them leave one by one instead, evenly, and see them arrive at once
    #[arg(long)]
    evenly: bool,
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
    let (mut urls, mut client) = (
        args.urls,
        Client::builder().timeout(Duration::from_secs(10)),
    );
    let demo = urls.is_empty();
    if demo {
        urls = vec![demo_server().await?; args.callers.get().into()];
        client = client.no_proxy(); // whatever http_proxy says: the server is in this process
    }

    let (asked, client, mut callers) = (urls.len(), client.build()?, JoinSet::new());
    let limit = Arc::new(RateLimit::new(
        args.rate,
        Duration::from_secs(1),
        args.burst,
    ));
    for (url, n) in urls.into_iter().zip(0..) {
        let (limit, client) = (limit.clone(), client.clone());
        callers.spawn(async move {
            let request = async {
                client
                    .get(url)
                    .send()
                    .await
                    .and_then(Response::error_for_status)
            };
            if args.evenly {
                sleep(Duration::from_secs(n) / args.rate.get().into()).await;
                return request.await;
            }
            limit.run(request).await
        });
    }
    let mut answered = 0;
    for answer in callers.join_all().await {
        match answer {
            Ok(_) => answered += 1,
            Err(error) => _ = writeln!(stderr(), "{:#}", Error::from(error)),
        }
    }

    let (mut good, mut seen) = (answered == asked, String::new());
    if demo {
        let most = most_at_once(f64::from(args.rate.get()));
        good &= most <= args.burst.get().into();
        let verdict = if good { "no more" } else { "more" };
        seen = format!(
            "; the server saw {verdict} than {} at once and {} a second",
            args.burst, args.rate
        );
    }
    // `println!` would panic in a broken pipe.
    good &= writeln!(stdout(), "{answered} of {asked} answered{seen}").is_ok();
    exit(i32::from(!good)) // to return would wait for a name lookup that hangs
}

static ARRIVALS: Mutex<Vec<Instant>> = Mutex::new(Vec::new());

/// The most that any window saw, less what the rate allows for its length.
fn most_at_once(rate: f64) -> f64 {
    let arrivals = ARRIVALS.lock().expect("no panic in it");
    let levels = arrivals.windows(2).scan(1.0, |level: &mut f64, pair| {
        *level = (*level - rate * (pair[1] - pair[0]).as_secs_f64()).max(0.0) + 1.0;
        Some(*level)
    });
    levels.fold(1.0, f64::max)
}

/// Serves on loopback, after a while in which it takes nothing: what has left by then waits at its
/// door.
async fn demo_server() -> Result<Url> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = Url::parse(&format!("http://{}/", listener.local_addr()?))?;
    let note = async || {
        let mut arrivals = ARRIVALS.lock().expect("no panic in it");
        arrivals.push(Instant::now()); // under the lock, hence in order
    };
    tokio::spawn(async move {
        sleep(Duration::from_millis(300)).await;
        serve(listener, Router::new().fallback(note)).await
    });
    Ok(url)
}
