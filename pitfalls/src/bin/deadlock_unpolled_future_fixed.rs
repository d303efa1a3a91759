//! Fixed: the future that waits for the lock is polled together with what comes after it.
//!
//! `join!` polls both, so whichever is handed the lock uses it and releases it. Or give the future
//! to `tokio::spawn`, as asyncio does: a task runs on, also when its owner is dropped. If the entry
//! may be given up, drop the future when the time is up: `time::timeout`, or `write(..)` itself as
//! a branch.
//!
//! It is not enough to write the note below the `select!`, nor to say `drop(writing)` before it.
//! That drops a reference; the pinned future lives until the end of its scope, and stays in line.
//!
//! Python: `asyncio.wait({writing}, timeout=1)`, then `await asyncio.gather(writing, note)`
//! Broken: `deadlock_unpolled_future_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `models/tests/deadlocks_async.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_unpolled_future_fixed
//! appended within 60 s: true
//! the log, released after 5 s: Mutex { data: ["entry", "the log is slow"] }
//! ```

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::{join, select, task, time};

/// Appends `entry` to `log`, and a note if that takes longer than `patience`.
pub async fn append(log: &Mutex<Vec<String>>, entry: &str, patience: Duration) {
    let mut writing = pin!(write(log, entry));
    select! {
        biased; // if both are ready: no note
        () = &mut writing => {}
        () = time::sleep(patience) => {
            join!(writing, write(log, "the log is slow")); // FIXED: polls both
        }
    }
}

async fn write(log: &Mutex<Vec<String>>, entry: &str) {
    let mut log = log.lock().await;
    log.push(entry.to_owned());
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let log = Arc::new(Mutex::new(Vec::new()));
    let slow_user = Arc::clone(&log).lock_owned().await;
    task::spawn(async move {
        time::sleep(Duration::from_secs(5)).await;
        drop(slow_user);
    });
    let shared = Arc::clone(&log);
    let patience = Duration::from_secs(1);
    let appending = task::spawn(async move { append(&shared, "entry", patience).await });

    // The clock is paused: it jumps to the next timer whenever all tasks wait.
    time::sleep(Duration::from_secs(60)).await;
    let ended = appending.is_finished();
    println!("appended within 60 s: {ended}");
    println!("the log, released after 5 s: {log:?}");
    if ended {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
