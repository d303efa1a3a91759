//! Shut down gracefully: take nothing new, finish what is taken, name what missed the deadline.
//!
//! Use it in any service. The first Ctrl-C or SIGTERM closes the queue of jobs: whoever comes later
//! is turned away at once, and what is in it still counts as taken. All of that has the grace
//! period to end. What is not done then is aborted, or not begun, and named: a silent end is a lost
//! request. A job that goes on for long looks at the `CancellationToken` between two steps. The
//! second Ctrl-C exits, which takes code: once tokio listens to it, Ctrl-C no longer ends a
//! program. Both are heard on a thread of their own, since tasks that block may hold up all others.
//! Nor can they be aborted: end `main` with the runtime's `shutdown_timeout`, as here, or it waits
//! for them. For a server over HTTP: `http_service`. For children that have to end:
//! `parallel_commands`.
//!
//! Python: `loop.add_signal_handler`, then `asyncio.wait(tasks, timeout=grace)`, whose `pending` is
//! left to you; `asyncio.run` cancels the main task at the first Ctrl-C, and all others once that
//! ends in a `KeyboardInterrupt`.
//! Needs: `cargo add anyhow@1`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`,
//! `cargo add tokio-util@0.7`
//!
//! ```console
//! $ cargo run -p recipes --bin graceful_shutdown
//! Ctrl-C with 8 requests at work and 4 in the queue: 12 completed, 0 missed the deadline
//! the request after it: turned away
//!
//! $ cargo run -p recipes --bin graceful_shutdown -- --stuck 2 --grace 0.5
//! ? 1
//! Ctrl-C with 8 requests at work and 4 in the queue: 10 completed, 2 missed the deadline
//! the request after it: turned away
//! missed: request 1
//! missed: request 2
//!
//! $ cargo run -p recipes --bin graceful_shutdown -- --requests 1 --queued 1 --stuck 1 --grace 0
//! ? 1
//! Ctrl-C with 1 requests at work and 1 in the queue: 0 completed, 2 missed the deadline
//! the request after it: turned away
//! missed: request 1
//! missed: request 2
//!
//! $ cargo run -p recipes --bin graceful_shutdown -- --stuck 1 --grace 60 --impatient
//! ? 130
//! the second Ctrl-C comes
//!
//! $ cargo run -p recipes --bin graceful_shutdown -- --grace=-1
//! ? 2
//! error: --grace: cannot convert float seconds to Duration: value is negative
//! ```

use std::io::{self, Write, stderr, stdout};
use std::process::{Command, ExitCode, exit};
use std::{collections::HashMap, future::pending, iter, pin::pin, thread, time::Duration};

use anyhow::{Context, Result};
use clap::{Parser, value_parser};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::{Semaphore, mpsc, mpsc::Receiver};
use tokio::task::{JoinError, JoinSet};
use tokio::{join, select, signal, time::sleep, time::timeout};
use tokio_util::sync::CancellationToken;

/// Runs each job that comes through `jobs` in a task of its own, at most `limit` at once, and calls
/// `ended` with its name and its output, or its panic. Once `stop` is canceled, the channel is
/// closed. What runs, and what is still in the channel, has until `grace` is over; then the jobs
/// that run are aborted, and the others never begin. Returns the names of both, sorted. It ends
/// without a stop where all senders are gone and all jobs have ended.
/// Dropped half-way, or if `ended` panics, it aborts what runs and drops what has not begun.
/// Panics if `limit` is 0.
pub async fn serve<F: Future<Output: Send + 'static> + Send + 'static>(
    mut jobs: Receiver<(String, F)>,
    limit: usize,
    stop: CancellationToken,
    grace: Duration,
    mut ended: impl FnMut(String, Result<F::Output, JoinError>),
) -> Vec<String> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let (mut running, mut names, mut more) = (JoinSet::new(), HashMap::new(), true);
    let mut deadline = pin!(async { (stop.cancelled().await, sleep(grace).await) });
    while more || !running.is_empty() {
        let room = more && running.len() < limit;
        select! {
            biased; // what has ended comes first: it did not miss the deadline
            Some(result) = running.join_next_with_id() => {
                let id = result.as_ref().map_or_else(JoinError::id, |(id, _)| *id);
                let name = names.remove(&id).unwrap_or_default(); // each has one
                ended(name, result.map(|(_, output)| output));
            }
            _ = &mut deadline => break,
            () = stop.cancelled(), if !jobs.is_closed() => jobs.close(),
            job = jobs.recv(), if room => match job {
                Some((name, job)) => drop(names.insert(running.spawn(job).id(), name)),
                None => more = false,
            },
        }
    }
    jobs.close(); // with a grace of 0 it is still open
    let never_begun = iter::from_fn(|| jobs.try_recv().ok()).map(|(name, _)| name);
    let mut missed: Vec<_> = names.into_values().chain(never_begun).collect();
    missed.sort();
    missed
}

/// Returns a token that the first Ctrl-C or SIGTERM cancels. The next one after that ends the
/// process with status 130, whatever its tasks do. To drop the token changes nothing. Call it
/// once, before the first job. Errs if the system refuses the handler or the thread.
pub fn stop_on_signal() -> io::Result<CancellationToken> {
    let stop = CancellationToken::new();
    let runtime = Builder::new_current_thread().enable_io().build()?;
    let (mut interrupt, mut terminate) = {
        let _context = runtime.enter();
        #[cfg(unix)]
        let kinds = (
            signal::unix::SignalKind::interrupt(),
            signal::unix::SignalKind::terminate(),
        );
        #[cfg(unix)]
        let both = (
            signal::unix::signal(kinds.0)?,
            signal::unix::signal(kinds.1)?,
        );
        #[cfg(windows)]
        let both = (
            signal::windows::ctrl_c()?,
            signal::windows::ctrl_shutdown()?,
        );
        both
    };
    let token = stop.clone();
    let heard = async move {
        loop {
            select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
            if token.is_cancelled() {
                exit(130); // what a shell reports of a program that Ctrl-C has ended
            }
            token.cancel();
        }
    };
    thread::Builder::new()
        .name("signals".into())
        .spawn(move || runtime.block_on(heard))?;
    Ok(stop)
}

/// Serves requests until Ctrl-C.
#[derive(Parser)]
#[command(version)]
struct Args {
    /// How many requests are at work when it comes
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..))]
    requests: u16,
    /// How many are in the queue behind them
    #[arg(long, value_name = "N", default_value_t = 4)]
    queued: u16,
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
    let [requests, queued] = [args.requests, args.queued].map(usize::from);
    let stop = stop_on_signal()?;
    let ((clients, queue), mut completed) = (mpsc::channel(queued.max(1)), 0);
    let served = serve(queue, requests, stop.clone(), grace, |_, result| {
        completed += usize::from(result.is_ok()); // a panic is on stderr already
    });
    let asked = async {
        for n in 1..=requests + queued {
            let job = request(n <= args.stuck.into(), stop.clone());
            let _ = clients.send((format!("request {n}"), job)).await;
        }
        let _ = timeout(
            Duration::from_secs(2),
            BEGUN.acquire_many(args.requests.into()),
        )
        .await;
        let taken = (
            BEGUN.available_permits(),
            clients.max_capacity() - clients.capacity(),
        );
        if !args.by_hand {
            interrupt(&stop);
        }
        stop.cancelled().await;
        if args.impatient {
            let _ = writeln!(stdout(), "the second Ctrl-C comes");
            interrupt(&stop);
        }
        let _ = timeout(Duration::from_secs(2), clients.closed()).await;
        let late = clients
            .send(("late".to_owned(), request(false, stop.clone())))
            .await;
        (taken, late.is_err())
    };
    let (missed, ((begun, waiting), turned_away)) = join!(served, asked);

    let late = if turned_away { "turned away" } else { "taken" };
    let mut out = stdout(); // `println!` would panic in a broken pipe
    write!(
        out,
        "Ctrl-C with {begun} requests at work and {waiting} in the queue: "
    )?;
    writeln!(
        out,
        "{completed} completed, {} missed the deadline",
        missed.len()
    )?;
    writeln!(out, "the request after it: {late}")?;
    missed
        .iter()
        .try_for_each(|name| writeln!(out, "missed: {name}"))?;
    let held = [begun, waiting, completed] == [requests, queued, requests + queued];
    Ok(if held && turned_away {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

static BEGUN: Semaphore = Semaphore::const_new(0); // a permit for each request that was taken

/// Stands for work that ends a little after the stop.
async fn request(stuck: bool, stop: CancellationToken) {
    BEGUN.add_permits(1);
    let () = if stuck {
        pending().await
    } else {
        stop.cancelled().await
    };
    sleep(Duration::from_millis(20)).await;
}

/// Ctrl-C, as a terminal would send it.
fn interrupt(stop: &CancellationToken) {
    let sent = Command::new("sh").args(["-c", "kill -INT $PPID"]).status();
    if !sent.is_ok_and(|status| status.success()) {
        stop.cancel(); // not on a Unix
    }
}
