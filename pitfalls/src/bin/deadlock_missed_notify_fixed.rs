//! Fixed: the gate remembers that it is open, and a task looks before it waits.
//!
//! The task creates its `Notified` first and looks second: a `Notified` gets every `notify_waiters`
//! after its creation, so an `open` comes either before the look or to the `Notified`. It costs an
//! atomic flag. tokio has this ready-made: `SetOnce` for a value that is set once, `watch` for a
//! value that changes; and tokio-util has `CancellationToken` for "stop".
//!
//! Python: `asyncio.Event`, or `while not is_open: await condition.wait()`
//! Broken: `deadlock_missed_notify_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `models/tests/deadlocks_async.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_missed_notify_fixed
//! the early task has passed: true
//! the late task has passed: true
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task;
use tokio::time::timeout;

const MINUTE: Duration = Duration::from_secs(60);

/// A gate that is opened once, for all tasks.
#[derive(Default)]
pub struct Gate {
    is_open: AtomicBool,
    opened: Notify,
}

impl Gate {
    /// Opens the gate.
    pub fn open(&self) {
        // Release and Acquire: whoever passes sees what was written before `open`
        self.is_open.store(true, Release);
        self.opened.notify_waiters();
    }

    /// Waits until the gate is open.
    pub async fn pass(&self) {
        let next_open = self.opened.notified(); // FIXED: from here on it misses no `open`
        if !self.is_open.load(Acquire) {
            next_open.await;
        }
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
