//! Deadlock: a pinned future waits in line for a lock, and `select!` has stopped polling it.
//!
//! You see: a task hangs at `lock().await`, although whoever held the lock released it long ago.
//! The same with a `FuturesUnordered` or a `buffered` stream that is not polled while its loop body
//! awaits (`deadlock_stream_not_polled`). People call it a futurelock.
//! Why: a future moves only when it is polled, and while one branch of `select!` runs, no other
//! branch is polled. tokio's locks serve in order: the next one in line is that future. It is
//! handed the lock, is not polled, and keeps it; the branch waits behind it.
//! Rule: while a future is pinned, await nothing else without it: join it, spawn it or drop it.
//!
//! Python: no such mistake: the loop runs a task on, also after `asyncio.wait({task}, timeout=1)`
//! Caught by: no lint; shuttle (`models/tests/deadlocks_async.rs`); tokio's task dump, which names
//! the line that waits
//! Fixed: `deadlock_unpolled_future_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_unpolled_future_broken
//! ? 1
//! appended within 60 s: false
//! the log, released after 5 s: Mutex { data: <locked> }
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
            // BROKEN: nobody polls `writing` meanwhile, and it is first in line for the lock
            write(log, "the log is slow").await;
            writing.await;
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
