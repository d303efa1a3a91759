//! Run a task at a time, or every so often without ever overlapping itself, and cancel it.
//!
//! Use it for clean-ups, refreshes, reports, in the program that needs them. Each schedule is a
//! task; a thousand of them need one thread. Where a run takes longer than the period, the ticks it
//! missed become one run right after it, and then the old beat goes on: never two at once, no burst
//! afterwards, no drift. `cancel` lets the run at hand finish and says how many there were; a drop
//! aborts it at its next await. A panic ends its own schedule only, and `cancel` returns it. The
//! times are those of a steady clock: it does not follow the clock on the wall when that is set.
//! Jobs that block go into `spawn_blocking`. One alarm in a thread: `timer_cancel`. Jobs that must
//! survive a crash: `job_queue`.
//!
//! Python: `loop.call_at` and `sched.scheduler`; a loop around `asyncio.sleep(period)` drifts.
//! Needs: `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full,test-util`,
//! `cargo add tokio-util@0.7 -F rt`
//!
//! ```console
//! $ cargo run -p recipes --bin scheduled_tasks
//! every 100 ms: 5 runs at [0, 100, 350, 400, 500] ms, 1 at once, 5 ended
//! at 300ms: it ran at 300 ms; at 1h, canceled: None
//!
//! $ cargo run -p recipes --bin scheduled_tasks -- --real
//! every 100 ms: [..] runs at [..] ms, 1 at once, [..] ended
//! at 300ms: it ran at [..] ms; at 1h, canceled: None
//!
//! $ cargo run -p recipes --bin scheduled_tasks -- --period 0
//! ? 2
//! error: invalid value '0' for '--period <MILLIS>': 0 is not in 10..=10000
//! ```

use std::sync::{Mutex, atomic::AtomicUsize, atomic::Ordering::Relaxed};
use std::{io, io::Write, io::stdout, process::ExitCode, process::exit};

use clap::{Parser, value_parser};
use tokio::time::{Duration, Instant, MissedTickBehavior, interval, sleep, sleep_until};
use tokio::{runtime::Builder, select, spawn, sync::Semaphore, task::JoinError};
use tokio_util::{sync::CancellationToken, task::AbortOnDropHandle};

/// A task that runs by the clock. Dropped, it is aborted at its next await.
#[must_use = "dropped, it never runs"]
pub struct Scheduled<T> {
    stop: CancellationToken,
    task: AbortOnDropHandle<T>,
}

impl<T> Scheduled<T> {
    /// Begins no further run, and waits for the one at hand. Returns what [`at`] or [`every`]
    /// says. Errs with the panic of a run. Dropped half-way, in a `timeout` for example, it aborts
    /// that run.
    pub async fn cancel(self) -> Result<T, JoinError> {
        self.stop.cancel();
        self.task.await
    }

    /// Waits for the end, which for [`every`] is a panic only. Errs with that. Dropped half-way, it
    /// aborts the schedule.
    pub async fn wait(self) -> Result<T, JoinError> {
        self.task.await
    }
}

/// Runs `job` once, at `when`, or now if that is past. Its value is that of the job, or `None`
/// where it was canceled before.
pub fn at<T: Send + 'static>(
    when: Instant,
    job: impl Future<Output = T> + Send + 'static,
) -> Scheduled<Option<T>> {
    let stop = CancellationToken::new();
    let canceled = stop.clone().cancelled_owned();
    let task = spawn(async move {
        select! { biased; () = canceled => None, () = sleep_until(when) => Some(job.await) }
    });
    Scheduled {
        stop,
        task: AbortOnDropHandle::new(task),
    }
}

/// Runs `job` now, and then every `period`, but never two at once: where a run takes longer, the
/// ticks that it missed become one, right after it. (tokio makes up for each that is less than 5 ms
/// late, so this holds for periods from 5 ms on.) Its value, once canceled, is the number of runs.
/// Panics if `period` is 0.
pub fn every<F: Future + Send>(
    period: Duration,
    mut job: impl FnMut() -> F + Send + 'static,
) -> Scheduled<u64> {
    let mut ticks = interval(period);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip); // the default makes up for each
    let stop = CancellationToken::new();
    let canceled = stop.clone();
    let task = spawn(async move {
        let mut runs = 0;
        // Not `select!` over the run itself: that would drop it half-way.
        while select! { biased; () = canceled.cancelled() => false, _ = ticks.tick() => true } {
            job().await;
            runs += 1;
        }
        runs
    });
    Scheduled {
        stop,
        task: AbortOnDropHandle::new(task),
    }
}

/// Runs three schedules, in a time that jumps from deadline to deadline.
#[derive(Parser)]
struct Args {
    /// In real time
    #[arg(long)]
    real: bool,
    /// How often the first one runs, rounded down to tens; its second run takes 2.5 times as long,
    /// and in the fifth it is canceled
    #[arg(long, value_name = "MILLIS", default_value_t = 100, value_parser = value_parser!(u32).range(10..=10_000))]
    period: u32,
}

fn main() -> io::Result<ExitCode> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let runtime = Builder::new_current_thread()
        .enable_time()
        .start_paused(!args.real)
        .build()?;
    Ok(if runtime.block_on(run(args))? {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

static TIMES: Mutex<Vec<u128>> = Mutex::new(Vec::new()); // of the runs
static ALONE: Semaphore = Semaphore::const_new(1); // whoever runs holds the permit
static OVERLAPS: AtomicUsize = AtomicUsize::new(0); // runs that did not get it
static ENDED: AtomicUsize = AtomicUsize::new(0); // runs that were not dropped half-way

async fn run(Args { real, period }: Args) -> io::Result<bool> {
    let (start, period) = (Instant::now(), period / 10 * 10);
    let unit = Duration::from_millis(period.into()) / 10;
    let millis = move || start.elapsed().as_millis();
    let beat = every(10 * unit, move || async move {
        let alone = ALONE.try_acquire();
        OVERLAPS.fetch_add(alone.is_err().into(), Relaxed);
        TIMES.lock().unwrap().push(millis());
        let nth = TIMES.lock().unwrap().len();
        sleep([0, 25, 0, 0, 10, 0][nth.min(6) - 1] * unit).await;
        ENDED.fetch_add(1, Relaxed);
    });
    let tea = at(start + 30 * unit, async move { millis() });
    let never = at(start + Duration::from_secs(3600), async move { millis() });
    sleep_until(start + 20 * unit).await;
    let never = never.cancel().await?;
    let tea = tea.wait().await?.unwrap_or_default();
    sleep_until(start + 55 * unit).await;
    let runs = beat.cancel().await?; // in the middle of the fifth

    let (times, most) = (TIMES.lock().unwrap().clone(), 1 + OVERLAPS.load(Relaxed));
    let (ended, mut out) = (ENDED.load(Relaxed), stdout());
    writeln!(
        out,
        "every {period} ms: {runs} runs at {times:?} ms, {most} at once, {ended} ended"
    )?;
    writeln!(
        out,
        "at {:?}: it ran at {tea} ms; at 1h, canceled: {never:?}",
        30 * unit
    )?;
    let plan = [0, 10, 35, 40, 50].map(|at| u128::from(period) / 10 * at);
    // Paused time is exact. Real time is late at will, but never early.
    let on_time = |at: u128, plan| if real { at >= plan } else { at == plan };
    let held = times.iter().zip(plan).all(|(&at, plan)| on_time(at, plan));
    let counts = [most, runs as usize, ended] == [1, times.len(), times.len()];
    Ok(held && counts && (real || runs == 5) && on_time(tea, plan[1] * 3) && never.is_none())
}
