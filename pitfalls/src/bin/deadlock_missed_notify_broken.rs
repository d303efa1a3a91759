//! Deadlock: a task waits for a `notify_waiters` that was called before.
//!
//! You see: most of the time it works, but now and then a task that starts late waits forever.
//! Why: `notify_waiters` wakes the tasks that are waiting now, and leaves nothing for those that
//! come later. (`notify_one` leaves a permit for one of them.) Checking a flag before `notified()`
//! is not enough: the notification may come in between.
//! Rule: a notification means "look again", so there must be something to look at.
//!
//! Python: `condition.notify_all()` before the others wait; an `asyncio.Event` stays set
//! Caught by: no lint; shuttle (`models/tests/deadlocks_async.rs`); tokio's task dump, which names
//! the line that waits
//! Fixed: `deadlock_missed_notify_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_missed_notify_broken
//! ? 1
//! the early task has passed: true
//! the late task has passed: false
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task;
use tokio::time::timeout;

const MINUTE: Duration = Duration::from_secs(60);

/// A gate that is opened once, for all tasks.
#[derive(Default)]
pub struct Gate {
    opened: Notify,
}

impl Gate {
    /// Opens the gate.
    pub fn open(&self) {
        self.opened.notify_waiters();
    }

    /// Waits until the gate is open.
    pub async fn pass(&self) {
        self.opened.notified().await; // BROKEN: waits for the next `open` in any case
    }
}

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let gate = Arc::new(Gate::default());
    let shared = Arc::clone(&gate);
    let early = task::spawn(async move { shared.pass().await });
    task::yield_now().await; // the early task begins to wait
    gate.open();

    let early_passed = timeout(MINUTE, early).await.is_ok();
    let late_passed = timeout(MINUTE, gate.pass()).await.is_ok();
    println!("the early task has passed: {early_passed}");
    println!("the late task has passed: {late_passed}");
    if early_passed && late_passed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
