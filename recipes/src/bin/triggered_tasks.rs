//! Run a task when it is triggered: at once, and once more for all triggers that come meanwhile.
//!
//! Use it to rebuild, reload or upload when something has changed, however often it changes. The
//! first trigger of a burst starts a run. All others that come until it has ended, or in the pause
//! after it, share one more run. So two runs never overlap, and the last run begins after the last
//! trigger.
//!
//! - A trigger is `notify_one` of `tokio::sync::Notify`, which keeps one permit when nobody waits.
//!   So no trigger is lost, and none needs space in a queue.
//! - Not `notify_waiters`: it keeps nothing, and a trigger during a run would be lost.
//! - A trigger carries no data. Where each of them must be handled, use `tokio::sync::mpsc`.
//! - Triggers from a signal: call `notify_one` in a loop around
//!   `tokio::signal::unix::Signal::recv`. From a file: `watch_files`. By the clock:
//!   `scheduled_tasks`.
//!
//! Python: an `asyncio.Event` and a loop of `wait`, `clear` and the task, in this order: `clear`
//! after the task loses what came during it
//! Needs: `cargo add tokio@1 -F sync,time`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `recipes/tests/proof/triggered_tasks.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin triggered_tasks
//! 0.0 s: a run begins
//! 1.0 s: a run ends
//! 1.2 s: the last of 7 triggers
//! 1.5 s: a run begins
//! 2.5 s: a run ends
//! ```

use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::sleep;

/// Runs `task` whenever `trigger` is notified, with at least `pause` between two runs.
///
/// It never returns. Dropping it drops a run in progress; a trigger that no run has answered stays
/// in `trigger`.
pub async fn run_on_trigger<F>(trigger: &Notify, pause: Duration, mut task: impl FnMut() -> F)
where
    F: Future<Output = ()>,
{
    loop {
        trigger.notified().await;
        task().await;
        sleep(pause).await; // triggers that come meanwhile leave one permit
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::Arc;

use tokio::time::Instant;

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let changed = Arc::new(Notify::new());
    let trigger = changed.clone();
    let worker = tokio::spawn(async move {
        let pause = Duration::from_millis(500);
        run_on_trigger(&trigger, pause, || rebuild(start)).await;
    });

    for _ in 0..6 {
        changed.notify_one();
        sleep(Duration::from_millis(200)).await;
    }
    changed.notify_one();
    say(start, "the last of 7 triggers");

    sleep(Duration::from_secs(60)).await;
    worker.abort();
}

async fn rebuild(start: Instant) {
    say(start, "a run begins");
    sleep(Duration::from_secs(1)).await;
    say(start, "a run ends");
}

fn say(start: Instant, what: &str) {
    println!("{:.1} s: {what}", start.elapsed().as_secs_f64());
}
