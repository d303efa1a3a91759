//! Finish work even if whoever asked for it no longer waits: give it a task of its own.
//!
//! Use it for what must not stop half-way, such as taking a payment and then recording it. A
//! timeout drops the future that it waits for, and so do many web servers when the client hangs up.
//! A spawned task goes on when its `JoinHandle` is dropped. A `TaskTracker` owns it then, so that a
//! shutdown can wait for it.
//!
//! - The work starts when the future of `shield` is first polled. From then on it cannot be
//!   canceled: give it a deadline of its own (`timeouts`), or a token (`task_cancel`).
//! - Nobody sees an error that the work returns when nobody waits. Log it in the work.
//! - The work does not survive the end of the process. For that keep a queue on disk: `job_queue`.
//!
//! Python: `await asyncio.shield(work())`, where you must keep a reference to the task
//! Needs: `cargo add tokio-util@0.7 -F rt`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/shield_by_spawn.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin shield_by_spawn
//!   book: money taken
//! the client of the book gets Err(Elapsed(()))
//!   lamp: money taken
//! the client of the lamp gets Err(Elapsed(()))
//! shutting down
//!   lamp: payment recorded
//! all payments have ended
//! ```

use std::panic::resume_unwind;

use tokio_util::task::TaskTracker;

/// Runs `work` as a task of `tasks`, and returns its value. Dropping the future does not stop the
/// work once it has started.
///
/// To wait for all of it at shutdown, call `tasks.close()` and `tasks.wait().await`.
///
/// # Panics
/// With the panic of `work`, or outside of a tokio runtime.
pub async fn shield<T: Send + 'static>(
    tasks: &TaskTracker,
    work: impl Future<Output = T> + Send + 'static,
) -> T {
    match tasks.spawn(work).await {
        Ok(value) => value,
        Err(error) => resume_unwind(error.into_panic()),
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use tokio::time::{sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let tasks = TaskTracker::new();

    let answer = timeout(SECOND, pay("book")).await;
    println!("the client of the book gets {answer:?}");
    let answer = timeout(SECOND, shield(&tasks, pay("lamp"))).await;
    println!("the client of the lamp gets {answer:?}");

    println!("shutting down");
    tasks.close();
    tasks.wait().await;
    println!("all payments have ended");
}

/// Stands for a payment that takes two seconds.
async fn pay(what: &'static str) {
    println!("  {what}: money taken");
    sleep(2 * SECOND).await;
    println!("  {what}: payment recorded");
}
