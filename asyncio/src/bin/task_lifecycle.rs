//! See whether a task is alive, has finished, panicked or was canceled, and run code when it ends.
//!
//! Use the `JoinHandle` that `spawn` returns. `is_finished` asks without waiting. Awaiting the
//! handle gives the value of the task, or a `JoinError` that says whether it has panicked or was
//! canceled. `on_end` calls a function when the task ends, in whichever way.
//!
//! - A task starts without being awaited. Dropping its handle neither stops it nor waits for it,
//!   and no code learns of its panic: `noop_detached_work`, `lost_panic_in_task`.
//! - A panic ends only its own task.
//! - The runtime counts the tasks that are alive, but has no list of them. Keep their handles, a
//!   `JoinSet`, or a `JoinMap` of tokio-util with a name for each.
//! - A local variable with a `Drop` is another way to run code when a task ends: `task_cancel`.
//!
//! Python: `task.done()`, `task.exception()`, `task.cancelled()`, `task.add_done_callback(f)`
//! Needs: `cargo add tokio@1 -F rt`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/task_lifecycle.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin task_lifecycle
//! alive: 3
//!
//! thread 'main' ([..]) panicked at asyncio/src/bin/task_lifecycle.rs:[..]
//! in the task
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! finishes has ended: true
//! panics has ended: true
//! waits has ended: false
//! alive: 1
//! it has finished, with 42
//! it has panicked: task 2 panicked with message "in the task"
//! it was canceled: task 3 was cancelled
//! alive: 0
//! ```

use tokio::task::{JoinError, JoinHandle};

/// Calls `callback` when `task` ends, with its value or with the error that says whether it has
/// panicked or was canceled. The returned task ends after that call; dropping its handle changes
/// nothing.
///
/// To cancel `task` later on, take its `abort_handle()` first.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn on_end<T: Send + 'static>(
    task: JoinHandle<T>,
    callback: impl FnOnce(Result<T, JoinError>) + Send + 'static,
) -> JoinHandle<()> {
    tokio::spawn(async move { callback(task.await) })
}

// ---- Demo ----------------------------------------------------------------------------------

use std::future::pending;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::sleep;

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let finishes = tokio::spawn(async { 42 });
    let panics = tokio::spawn(async { panic!("in the task") });
    let waits = tokio::spawn(pending());
    println!("alive: {}", alive());

    sleep(Duration::from_secs(1)).await;
    println!("finishes has ended: {}", finishes.is_finished());
    println!("panics has ended: {}", panics.is_finished());
    println!("waits has ended: {}", waits.is_finished());
    println!("alive: {}", alive());

    report(finishes.await);
    report(panics.await);

    let abort_handle = waits.abort_handle();
    let watcher = on_end(waits, report);
    abort_handle.abort();
    watcher.await.expect("printing does not panic");
    println!("alive: {}", alive());
}

fn report(ended: Result<u32, JoinError>) {
    match ended {
        Ok(value) => println!("it has finished, with {value}"),
        Err(error) if error.is_panic() => println!("it has panicked: {error}"),
        Err(error) => println!("it was canceled: {error}"),
    }
}

fn alive() -> usize {
    Handle::current().metrics().num_alive_tasks()
}
