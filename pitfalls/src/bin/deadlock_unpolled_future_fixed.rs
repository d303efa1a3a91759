//! Fixed: the future that waits for the lock is polled along with what comes after it.
//!
//! `join!` polls both, so whichever is handed the lock takes it and lets go. Just as good: give the
//! loser up (`write(..)` itself in the `select!`, or `time::timeout`, drops it when the time is
//! out), or hand it to `tokio::spawn`, as asyncio does; a task is polled whatever its owner does,
//! but it runs on when its owner is dropped.
//!
//! Python: `asyncio.wait({writing}, timeout=1)`, then `await asyncio.gather(writing, note)`.
//! Broken: `deadlock_unpolled_future_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_unpolled_future_fixed
//! done: ["entry", "the log is slow"]
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
    log.lock().await.push(entry.to_owned());
}

// Only for the demo from here on.

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let log = Arc::new(Mutex::new(Vec::new()));
    let shared = log.clone();
    let slow_user = task::spawn(async move {
        let _log = shared.lock().await;
        time::sleep(Duration::from_secs(5)).await;
    });
    task::yield_now().await; // the slow user has the log by now
    let shared = log.clone();
    let mut appending =
        task::spawn(async move { append(&shared, "entry", Duration::from_secs(1)).await });

    // The clock is paused. It jumps forward only when every task waits.
    if time::timeout(Duration::from_secs(60), &mut appending)
        .await
        .is_ok()
    {
        println!("done: {:?}", log.lock().await);
        return ExitCode::SUCCESS;
    }
    if slow_user.is_finished() && log.try_lock().is_err() {
        println!("deadlock: the slow user of the log has ended, and still the log is locked");
        appending.abort();
        let _aborted = appending.await;
        if log.try_lock().is_ok() {
            println!("the log is free once `append` is aborted: a future in there had the lock");
        }
    }
    ExitCode::FAILURE
}
