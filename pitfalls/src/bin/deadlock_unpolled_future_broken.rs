//! Deadlock: a pinned future waits in line for a lock, and `select!` has stopped polling it.
//!
//! You see: a task hangs at `lock`, although whoever held the lock let go of it long ago.
//! Why: in asyncio the loser of a `wait` is a task, and the loop goes on running it. Here it is a
//! plain future, which moves only when somebody polls it, and while the code of one `select!`
//! branch runs, no other branch is polled. tokio's locks serve in order: the lock is handed to the
//! future that waits first. That wakes the task, which polls its branch alone and goes on waiting
//! for a lock that it holds itself. People call this a futurelock.
//! Rule: while a future is pinned, await nothing else without it: join it, spawn it or drop it.
//!
//! A hasty fix hangs as well: the second `write` moved below the `select!`. Even after
//! `drop(writing)`, which drops a reference only, the future lives on to the end of its scope.
//!
//! Python: no such mistake: `asyncio.wait({writing}, timeout=1)` leaves the task running.
//! Caught by: no lint; shuttle (`models/tests/deadlocks_async.rs`); tokio's task dump, which
//! names the line that waits.
//! Fixed: `deadlock_unpolled_future_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_unpolled_future_broken
//! ? 1
//! deadlock: the slow user of the log has ended, and still the log is locked
//! the log is free once `append` is aborted: a future in there had the lock
//! ```

use std::pin::pin;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Mutex;
use tokio::{select, task, time};

/// Appends `entry` to `log`, and a note if that takes longer than `patience`.
pub async fn append(log: &Mutex<Vec<String>>, entry: &str, patience: Duration) {
    let mut writing = pin!(write(log, entry));
    select! {
        biased; // if both are ready: no note
        () = &mut writing => {}
        () = time::sleep(patience) => {
            write(log, "the log is slow").await; // BROKEN: nobody polls `writing` in the meantime
            writing.await;
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
