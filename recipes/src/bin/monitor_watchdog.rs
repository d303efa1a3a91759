//! Watch workers by their heartbeats: notice the one that stalls, and how each of them ended.
//!
//! Use it where a worker may hang without an error: in a request without a timeout, in a lock, in a
//! loop without an end. The worker calls `beat` whenever it has got something done. `watch` reports
//! a stall when there was no heartbeat for longer than the limit, and the recovery if one comes
//! after all. It returns how the worker ended: well, or with an error, a panic or an abort.
//!
//! - Beat where work is done. A timer that beats goes on while the worker hangs.
//! - `watch` does not stop a stalled worker. Drop it, and the worker is aborted at its next
//!   `await`.
//! - The watchdog is a task as well. Where workers may block all threads of their runtime, run it
//!   in a runtime of its own, on another thread.
//! - To restart a worker that fails: `actors_supervised`. If the whole process may hang, let
//!   systemd's `WatchdogSec=` restart it.
//!
//! Python: a daemon thread that compares `time.monotonic()` with the time of the last heartbeat
//! Needs: `cargo add anyhow@1`, `cargo add tokio@1 -F macros,rt,sync,time`,
//! `cargo add tokio-util@0.7 -F rt`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `recipes/tests/proof/monitor_watchdog.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin monitor_watchdog
//! 8s: index failed: the disk is full
//! 9s: mail is Stalled
//! 12s: import ended well
//! 14s: mail is Recovered
//! 14s: mail ended well
//! ```

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinHandle;
use tokio::time::sleep;
use tokio_util::task::AbortOnDropHandle;

/// What a worker shows its watchdog. Clone it for the worker.
#[derive(Clone, Default)]
pub struct Heartbeat {
    beats: Arc<Notify>,
}

impl Heartbeat {
    /// Shows that the worker has got something done.
    pub fn beat(&self) {
        self.beats.notify_one(); // one that nobody waits for yet is kept
    }
}

/// A change that [`watch`] reports.
#[derive(Debug, PartialEq)]
pub enum Change {
    /// There was no heartbeat for longer than the limit.
    Stalled,
    /// There was one again.
    Recovered,
}

/// Watches `worker` until it ends. It has to beat at least once in `limit`. Dropping the future
/// aborts the worker.
///
/// # Errors
/// If the worker returned an error, panicked or was aborted.
pub async fn watch(
    worker: JoinHandle<Result<()>>,
    heartbeat: &Heartbeat,
    limit: Duration,
    mut report: impl FnMut(Change),
) -> Result<()> {
    let mut worker = AbortOnDropHandle::new(worker);
    let mut stalled = false;
    loop {
        select! {
            biased; // a heartbeat counts before the end that follows it
            () = heartbeat.beats.notified() => {
                if stalled {
                    report(Change::Recovered);
                }
                stalled = false;
            }
            ended = &mut worker => return ended?,
            () = sleep(limit), if !stalled => {
                report(Change::Stalled);
                stalled = true;
            }
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use anyhow::bail;
use tokio::join;
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    join!(
        watch_and_print("import", import),
        watch_and_print("mail", mail),
        watch_and_print("index", index),
    );
}

/// Starts a worker, and prints what becomes of it.
async fn watch_and_print<F>(name: &str, work: impl FnOnce(Heartbeat) -> F)
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let start = Instant::now();
    let heartbeat = Heartbeat::default();
    let worker = tokio::spawn(work(heartbeat.clone()));
    let ended = watch(worker, &heartbeat, 5 * SECOND, |change| {
        println!("{:?}: {name} is {change:?}", start.elapsed());
    });
    match ended.await {
        Ok(()) => println!("{:?}: {name} ended well", start.elapsed()),
        Err(error) => println!("{:?}: {name} failed: {error}", start.elapsed()),
    }
}

async fn import(heartbeat: Heartbeat) -> Result<()> {
    for _ in 0..4 {
        sleep(3 * SECOND).await;
        heartbeat.beat();
    }
    Ok(())
}

async fn mail(heartbeat: Heartbeat) -> Result<()> {
    for seconds in [4, 10] {
        sleep(seconds * SECOND).await; // the second mail takes too long
        heartbeat.beat();
    }
    Ok(())
}

async fn index(heartbeat: Heartbeat) -> Result<()> {
    for _ in 0..2 {
        sleep(4 * SECOND).await;
        heartbeat.beat();
    }
    bail!("the disk is full")
}
