//! Make many blocking calls, N at once in threads, and take the results as they end or in order.
//!
//! Use it where the library blocks: a database driver, an SDK, the file system, or HTTP as here.
//! The threads take the next item when they are free, so the list may be endless, and they wait for
//! whoever reads the results: no more than 2N are ahead. Leave the loop, and no further call is
//! made; those that run end first, for a blocking call cannot be stopped from outside. Hence give
//! it a time limit of its own. An error, or a panic, belongs to its item; the others go on. How
//! many at once? As many as the other side bears: waiting costs no core. In order, one slow item
//! holds back those behind it. Thousands of waits at once: `fanout`. Computing: `parallel_primes`.
//!
//! Python: `executor.map` is `in_order`, `as_completed(futures)` is `as_completed`. A
//! `requests.Session` for each thread; a `reqwest` client is shared by all.
//! Needs: `cargo add anyhow@1 axum@0.8`, `cargo add clap@4 -F derive`,
//! `cargo add reqwest@0.13 -F blocking`, `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7`
//!
//! ```console
//! $ cargo run -p recipes --bin blocking_calls_thread_pool
//! http://127.0.0.1:[..]/7: HTTP status server error (503 Service Unavailable)
//! 9 of 10 pages; the server saw 5 at once; page 1, the slowest, did not come first
//!
//! $ cargo run -p recipes --bin blocking_calls_thread_pool -- --in-order --threads 3
//! http://127.0.0.1:[..]/7: HTTP status server error (503 Service Unavailable)
//! 9 of 10 pages; the server saw 3 at once; page 1, the slowest, came first
//!
//! $ cargo run -p recipes --bin blocking_calls_thread_pool -- http://127.0.0.1:9/
//! ? 1
//! http://127.0.0.1:9/: Connection refused (os error [..])
//! 0 of 1 pages
//!
//! $ cargo run -p recipes --bin blocking_calls_thread_pool -- --threads 0
//! ? 2
//! error: invalid value '0' for '--threads <N>': 0 is not in 1..=1000
//! ```

use std::io::{Write, stderr, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};
use std::{iter, thread, thread::Scope, time::Duration};

use anyhow::{Result, bail};
use axum::{Router, extract::Path, http::StatusCode, routing::get};
use clap::{Parser, value_parser};
use reqwest::{Url, blocking::Client};
use tokio::time::{sleep, timeout};
use tokio::{net::TcpListener, runtime::Builder, sync::Semaphore};
use tokio_util::sync::CancellationToken;

/// Calls `call` for each of `items` in `threads` threads of the scope, and yields each item with
/// its result as soon as it is there. Items are taken as threads get free; at most twice `threads`
/// results wait for the caller. Dropped early, it makes no further call; but the scope ends only
/// when those that run have ended, and those that wait for an item have one. A panic of `call` is
/// the error of its item. Panics if `threads` is 0, or if the system has no more threads to give;
/// the scope does if `items` panics.
pub fn as_completed<'scope, T: Send + 'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    items: impl IntoIterator<Item = T, IntoIter: Send + 'scope>,
    threads: usize,
    call: impl Fn(&T) -> Result<R> + Send + Sync + 'scope,
) -> impl Iterator<Item = (T, Result<R>)> {
    assert!(threads > 0, "without threads nothing would be called");
    let ((report, results), reader) = (mpsc::sync_channel(threads), Arc::new(()));
    let shared = Arc::new((Mutex::new(items.into_iter().fuse()), call));
    for _ in 0..threads {
        let (shared, report, readers) = (shared.clone(), report.clone(), Arc::downgrade(&reader));
        scope.spawn(move || {
            // In a closure: `while let` would hold the lock for the whole call.
            for item in iter::from_fn(|| shared.0.lock().unwrap().next()) {
                // Asked once more before the call: the item may have been long in coming.
                let wanted = readers.strong_count() > 0;
                if !wanted || report.send(attempt(&shared.1, item)).is_err() {
                    break;
                }
            }
        });
    }
    results.into_iter().inspect(move |_| _ = &reader) // it goes when the iterator goes
}

/// Like [`as_completed`], but yields the results in the order of the items. Calls that end early
/// wait for their turn: as many as `threads`, then no further one begins.
pub fn in_order<'scope, T: Send + 'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    items: impl IntoIterator<Item = T, IntoIter: Send + 'scope>,
    threads: usize,
    call: impl Fn(&T) -> Result<R> + Send + Sync + 'scope,
) -> impl Iterator<Item = (T, Result<R>)> {
    assert!(threads > 0, "without threads nothing would be called");
    let (turns, in_turn) = mpsc::sync_channel(threads);
    let shared = Arc::new((Mutex::new(items.into_iter().fuse()), call));
    for _ in 0..threads {
        let (shared, turns) = (shared.clone(), turns.clone());
        let take = move |items: &mut dyn Iterator<Item = T>| {
            let (answer, answered) = mpsc::sync_channel(1);
            let item = items.next()?;
            turns.send(answered).ok()?; // under the lock, hence in the order of the items
            Some((item, answer))
        };
        scope.spawn(move || {
            for (item, answer) in iter::from_fn(|| take(&mut *shared.0.lock().unwrap())) {
                let _ = answer.send(attempt(&shared.1, item)); // it has room for one
            }
        });
    }
    in_turn.into_iter().flatten()
}

/// Calls once. A panic, reported on stderr as always, becomes an error.
fn attempt<T, R>(call: impl Fn(&T) -> Result<R>, item: T) -> (T, Result<R>) {
    let result = catch_unwind(AssertUnwindSafe(|| call(&item)));
    (item, result.unwrap_or_else(|_| bail!("the call panicked")))
}

/// Fetches web pages with a client that blocks, in threads.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// What to fetch; with nothing to fetch, pages of a demo server in this process, the 7th bad
    urls: Vec<Url>,
    /// How many to fetch at once
    #[arg(long, value_name = "N", default_value_t = 5, value_parser = value_parser!(u16).range(1..=1000))]
    threads: u16,
    /// Handle them in the order asked, not in the order in which they end
    #[arg(long)]
    in_order: bool,
}

fn main() -> Result<ExitCode> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let Args {
        mut urls,
        in_order: ordered,
        threads,
    } = args;
    let (threads, demo, most) = (
        threads.into(),
        urls.is_empty(),
        Arc::new(AtomicUsize::new(0)),
    );
    let mut client = Client::builder().timeout(Duration::from_secs(10)); // for a page as a whole
    if demo {
        urls = demo_server(threads, most.clone())?;
        client = client.no_proxy(); // whatever http_proxy says: the server is in this process
    }
    let client = client.build()?;
    let fetch = |url: &Url| {
        let page = client
            .get(url.clone())
            .send()
            .and_then(|page| page.error_for_status()?.bytes());
        page.map_err(|error| error.without_url().into())
    };
    let (asked, mut ended, mut got) = (urls.clone(), Vec::new(), 0);
    thread::scope(|scope| {
        let pages: &mut dyn Iterator<Item = (Url, Result<_>)> = match ordered {
            false => &mut as_completed(scope, urls, threads, fetch),
            true => &mut in_order(scope, urls, threads, fetch),
        };
        for (url, page) in pages {
            match page {
                Ok(_) => got += 1,
                Err(error) => drop(writeln!(stderr(), "{url}: {}", error.root_cause())),
            }
            ended.push(url);
        }
    });

    let mut summary = format!("{got} of {} pages", asked.len());
    let mut good = got == asked.len();
    if demo {
        let (first, most) = (ended[0] == asked[0], most.load(Relaxed));
        let came = if first {
            "came first"
        } else {
            "did not come first"
        };
        summary += &format!("; the server saw {most} at once; page 1, the slowest, {came}");
        let forced = (2..10).contains(&threads);
        good = (got, most) == (9, threads.min(10)) && (first == ordered || !forced);
    }
    if !ordered {
        ended.sort_by_key(|url| asked.iter().position(|other| other == url));
    }
    good &= ended == asked; // each of them, once
    writeln!(stdout(), "{summary}")?;
    Ok(if good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Serves 10 pages of 1 KiB, the 7th fails, and counts in `most` how many were asked for at once.
/// The first ones wait until `threads` are, page 1 until one is answered; both give up after 2 s.
fn demo_server(threads: usize, most: Arc<AtomicUsize>) -> Result<Vec<Url>> {
    let seats = Arc::new(Semaphore::new(Semaphore::MAX_PERMITS));
    let [full, later] = [(); 2].map(|()| CancellationToken::new());
    let page = async move |Path(n): Path<usize>| {
        let _seat = seats.acquire().await;
        let at_once = Semaphore::MAX_PERMITS - seats.available_permits();
        most.fetch_max(at_once, Relaxed);
        if at_once >= threads.min(10) {
            full.cancel();
        }
        if n > threads {
            later.cancel(); // so a thread has handed over its result and is free again
        }
        let wait = if n == 1 && (2..10).contains(&threads) {
            &later
        } else {
            &full
        };
        let _ = timeout(Duration::from_secs(2), wait.cancelled()).await;
        sleep(Duration::from_millis(20)).await; // one too many would be seen
        let status = if n == 7 {
            StatusCode::SERVICE_UNAVAILABLE
        } else {
            StatusCode::OK
        };
        (status, "x".repeat(1024))
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0"))?;
    let address = listener.local_addr()?;
    let server = axum::serve(listener, Router::new().route("/{n}", get(page)));
    thread::spawn(move || runtime.block_on(async { server.await }));
    (1..=10)
        .map(|n| Ok(Url::parse(&format!("http://{address}/{n}"))?))
        .collect()
}
