//! Shut down gracefully: take nothing new, finish what is taken, name what missed the deadline.
//!
//! Use it in any service. The first Ctrl-C or SIGTERM drops the source of jobs, a channel here, a
//! listener elsewhere, so that whoever comes later is turned away at once. What runs has the grace
//! period to end; what still runs then is aborted, and named, for a silent end is a lost request. A
//! job that goes on for long looks at the `CancellationToken` between two steps. The second Ctrl-C
//! exits: tokio keeps the signal for good after the first, so by itself it would do nothing. Both
//! are heard on a thread of their own, since tasks that block may hold up all others. Such tasks
//! cannot be aborted either: hence `shutdown_timeout` at the end, or the exit would wait for them.
//! For a server over HTTP: `http_service`. For children that have to end: `async_subprocess`.
//!
//! Python: `loop.add_signal_handler`, then `asyncio.wait(tasks, timeout=grace)`, whose `pending`
//! is left to you; `asyncio.run` cancels all tasks at the first Ctrl-C.
//! Copy: `serve` and `stop_on_signal`.
//! Needs: `cargo add anyhow@1 futures@0.3`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7`
//!
//! ```console
//! $ cargo run -p recipes --bin graceful_shutdown
//! Ctrl-C with 8 requests at work: 8 completed, 0 missed the deadline
//! the request after it: turned away
//!
//! $ cargo run -p recipes --bin graceful_shutdown -- --stuck 2 --grace 0.1
//! ? 1
//! Ctrl-C with 8 requests at work: 6 completed, 2 missed the deadline
//! the request after it: turned away
//! aborted: request 1
//! aborted: request 2
//!
//! $ cargo run -p recipes --bin graceful_shutdown -- --stuck 1 --grace 60 --impatient
//! ? 130
//! the second Ctrl-C: exit at once
//!
//! $ cargo run -p recipes --bin graceful_shutdown -- --grace=-1
//! ? 2
//! error: --grace: cannot convert float seconds to Duration: value is negative
//! ```

use std::io::{self, Write, stderr, stdout};
use std::process::{Command, ExitCode, exit, id};
use std::{collections::HashMap, pin::pin, thread, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, value_parser};
use futures::{Stream, StreamExt, future::pending, stream};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc};
use tokio::task::{JoinError, JoinSet};
use tokio::{join, select, signal, time::sleep, time::timeout};
use tokio_util::sync::CancellationToken;

/// Runs each job of `jobs` in a task of its own, at most `limit` at once, and calls `ended` with
/// its name and its output, or its panic. Once `stop` is canceled, `jobs` is dropped; what runs has
/// until `grace` is over, then it is aborted. Returns the names of those, sorted; none where `jobs`
/// came to its end and all of them ended. Dropped half-way, it aborts what runs.
/// Panics if `limit` is 0.
pub async fn serve<F: Future<Output: Send + 'static> + Send + 'static>(
    jobs: impl Stream<Item = (String, F)>,
    limit: usize,
    stop: CancellationToken,
    grace: Duration,
    mut ended: impl FnMut(String, Result<F::Output, JoinError>),
) -> Vec<String> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let mut jobs = Some(Box::pin(jobs)); // `pin!` would keep it, open, to the end
    let (mut running, mut names) = (JoinSet::new(), HashMap::new());
    let mut deadline = pin!(async { (stop.cancelled().await, sleep(grace).await) });
    while jobs.is_some() || !running.is_empty() {
        let room = jobs.is_some() && running.len() < limit;
        select! {
            biased; // what has ended comes first: it did not miss the deadline
            Some(result) = running.join_next_with_id() => {
                let id = result.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
                let name = names.remove(&id).unwrap_or_default(); // each has one
                ended(name, result.map(|(_, output)| output));
            }
            _ = &mut deadline => break,
            () = stop.cancelled(), if jobs.is_some() => jobs = None,
            job = async { jobs.as_mut()?.next().await }, if room => match job {
                Some((name, job)) => drop(names.insert(running.spawn(job).id(), name)),
                None => jobs = None,
            },
        }
    }
    let mut missed: Vec<_> = names.into_values().collect();
    missed.sort();
    missed
}

/// Returns a token that the first Ctrl-C or SIGTERM cancels. The next one after that ends the
/// process with status 130, whatever its tasks do. Call it once, before the first job.
/// Errs if the system refuses the handler or the thread.
pub fn stop_on_signal() -> io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _context = runtime.enter();
        #[cfg(unix)]
        let kinds = (signal::unix::SignalKind::interrupt(), signal::unix::SignalKind::terminate());
        #[cfg(unix)]
        let both = (signal::unix::signal(kinds.0)?, signal::unix::signal(kinds.1)?);
        #[cfg(windows)]
        let both = (signal::windows::ctrl_c()?, signal::windows::ctrl_shutdown()?);
        both
    };
    let token = stop.clone();
    let heard = async move {
        loop {
            select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            if token.is_cancelled() {
                let _ = writeln!(stderr(), "the second Ctrl-C: exit at once");
                exit(130); // what a shell reports of a program that Ctrl-C has ended
            }
            token.cancel();
        }
    };
    thread::Builder::new().name("signals".into()).spawn(move || runtime.block_on(heard))?;
    Ok(stop)
}

// Only for the demo from here on.

/// Serves requests until Ctrl-C.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// How many requests are at work when it comes
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..))]
    requests: u16,
    /// How long they may take from then on
    #[arg(long, value_name = "SECONDS", default_value_t = 10.0)]
    grace: f64,
    /// How many of them never end
    #[arg(long, value_name = "N", default_value_t = 0)]
    stuck: u16,
    /// A second Ctrl-C comes while the first is being obeyed
    #[arg(long)]
    impatient: bool,
    /// Wait for a Ctrl-C of yours
    #[arg(long)]
    by_hand: bool,
}

fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let runtime = Runtime::new().expect("a runtime");
    let done = runtime.block_on(run(args));
    runtime.shutdown_timeout(Duration::from_secs(1)); // destructors run; what blocks is left behind
    done.unwrap_or_else(|error| {
        let _ = writeln!(stderr(), "error: {error:#}");
        ExitCode::from(2)
    })
}

async fn run(args: Args) -> Result<ExitCode> {
    let grace = Duration::try_from_secs_f64(args.grace).context("--grace")?;
    let requests = args.requests.into();
    let stop = stop_on_signal()?;
    let (clients, mut queue) = mpsc::channel(8);
    let jobs = stream::poll_fn(move |cx| queue.poll_recv(cx));
    let mut completed = 0;
    let served = serve(jobs, requests, stop.clone(), grace, |name, result| match result {
        Ok(()) => completed += 1,
        Err(panic) => drop(writeln!(stderr(), "{name}: {panic}")),
    });
    let asked = async {
        for n in 1..=args.requests {
            let job = request(n <= args.stuck, stop.clone());
            let _ = clients.send((format!("request {n}"), job)).await;
        }
        let _ = timeout(Duration::from_secs(2), BEGUN.acquire_many(args.requests.into())).await;
        if !args.by_hand {
            interrupt(&stop);
        }
        stop.cancelled().await;
        if args.impatient {
            interrupt(&stop);
        }
        let _ = timeout(Duration::from_secs(2), clients.closed()).await;
        clients.send(("late".to_owned(), request(false, stop.clone()))).await.is_err()
    };
    let (missed, turned_away) = join!(served, asked);

    let begun = BEGUN.available_permits();
    let late = if turned_away { "turned away" } else { "taken" };
    let mut out = stdout(); // `println!` would panic in a broken pipe
    write!(out, "Ctrl-C with {begun} requests at work: {completed} completed, ")?;
    writeln!(out, "{} missed the deadline", missed.len())?;
    writeln!(out, "the request after it: {late}")?;
    missed.iter().try_for_each(|name| writeln!(out, "aborted: {name}"))?;
    let held = turned_away && begun == requests && completed == requests;
    Ok(if held { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

static BEGUN: Semaphore = Semaphore::const_new(0); // a permit for each request that was taken

/// Stands for work that ends a little after the stop.
async fn request(stuck: bool, stop: CancellationToken) {
    BEGUN.add_permits(1);
    let () = if stuck { pending().await } else { stop.cancelled().await };
    sleep(Duration::from_millis(20)).await;
}

/// Ctrl-C, as a terminal would send it.
fn interrupt(stop: &CancellationToken) {
    let sent = Command::new("kill").args(["-INT", &id().to_string()]).status();
    if !sent.is_ok_and(|status| status.success()) {
        stop.cancel(); // not on a Unix
    }
}
