//! Run a job at a given time, or every so often without overlapping itself, and cancel it.
//!
//! Use it for clean-ups, refreshes and reports in a program that runs anyway. Each schedule is a
//! task, and a thousand of them need one thread. `every` never starts a run before the last one has
//! ended. The ticks that were missed meanwhile become one run, right after it, and then the old
//! rhythm goes on: there is no burst of runs, and the times do not drift.
//!
//! - When `stop` is canceled, no further run begins, and a run in progress finishes. Aborting the
//!   task stops a run in the middle, at its next await.
//! - A panic in the job ends its schedule. Awaiting the task's handle returns the panic.
//! - A job that blocks or computes belongs in `tokio::task::spawn_blocking`.
//! - The times are those of a steady clock: setting the system's clock changes nothing, and on
//!   Linux it stands still while the machine sleeps. For "every weekday at 9": `cron_jobs`.
//! - Jobs that must survive a crash: `job_queue`. With threads: `timer_cancel`.
//!
//! Python: `sched.scheduler`, or APScheduler's `AsyncIOScheduler` with `max_instances=1` and
//! `coalesce=True`; a loop around `asyncio.sleep(10)` drifts
//! Needs: `cargo add tokio@1 -F macros,time`, `cargo add tokio-util@0.7`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `recipes/tests/proof/scheduled_tasks.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin scheduled_tasks
//! 0 s: refresh
//! 10 s: refresh, and it takes 25 s
//! 15 s: reminder
//! 35 s: refresh
//! 40 s: refresh
//! 50 s: refresh
//! 55 s: canceled
//! ```

use std::time::Duration;

use tokio::select;
use tokio::time::{Instant, MissedTickBehavior, interval, sleep_until};
use tokio_util::sync::CancellationToken;

/// Runs `job` now and then every `period`, until `stop` is canceled.
///
/// A run that takes longer than `period` makes the next one late. The ticks that were missed
/// become one, if they are more than 5 ms late: `period` should not be shorter than that.
///
/// # Panics
/// If `period` is 0.
pub async fn every<F>(period: Duration, stop: CancellationToken, mut job: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    let mut ticks = interval(period);
    // The default would make up for each tick that was missed.
    ticks.set_missed_tick_behavior(MissedTickBehavior::Skip);
    loop {
        select! {
            biased; // when both are due, stop
            () = stop.cancelled() => return,
            _ = ticks.tick() => job().await,
        }
    }
}

/// Runs `job` once, at `when`, or now if that is past. Returns its value, or `None` if `stop` is
/// canceled before.
pub async fn at<T>(
    when: Instant,
    stop: CancellationToken,
    job: impl Future<Output = T>,
) -> Option<T> {
    select! {
        biased;
        () = stop.cancelled() => None,
        () = sleep_until(when) => Some(job.await),
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use tokio::task::JoinError;
use tokio::time::sleep;

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<(), JoinError> {
    let start = Instant::now();
    let stop = CancellationToken::new();
    let refreshes = tokio::spawn(every(Duration::from_secs(10), stop.clone(), move || {
        refresh(start)
    }));
    let reminder = tokio::spawn(at(start + Duration::from_secs(15), stop.clone(), async {
        println!("15 s: reminder")
    }));

    sleep(Duration::from_secs(55)).await;
    stop.cancel();
    refreshes.await?;
    reminder.await?;
    println!("{} s: canceled", start.elapsed().as_secs());
    Ok(())
}

async fn refresh(start: Instant) {
    let seconds = start.elapsed().as_secs();
    if seconds == 10 {
        println!("10 s: refresh, and it takes 25 s");
        sleep(Duration::from_secs(25)).await;
    } else {
        println!("{seconds} s: refresh");
    }
}
