//! Deadlock: a task waits for a `notify_waiters` that came before it.
//!
//! You see: most of the time it works; now and then a worker that starts late waits forever.
//! Why: `notify_waiters` wakes whoever waits at that moment, and nothing stays behind for those
//! who come later. (`notify_one` leaves one permit, for one of them.) A look at a flag before
//! `notified()` only makes the hole smaller: the notification may come in between.
//! Rule: a notification says "look again", so there must be something to look at.
//!
//! Python: `condition.notify_all()` before the others wait; an `asyncio.Event` stays set.
//! Caught by: no lint; shuttle (`models/tests/deadlocks_async.rs`); tokio's task dump, which
//! names the line that waits.
//! Fixed: `deadlock_missed_notify_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_missed_notify_broken
//! ? 1
//! deadlock: the gate is open; the early task has passed, the late one waits and nobody will call
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Notify;
use tokio::{task, time};

/// A gate that is opened once, for everybody.
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
        self.opened.notified().await; // BROKEN: waits for the next `open`, not for an open gate
    }
}

// Only for the demo from here on.

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let gate = Arc::new(Gate::default());
    let early = gate.clone();
    let mut early = task::spawn(async move { early.pass().await });
    task::yield_now().await; // the early task waits by now
    gate.open();
    let late = gate.clone();
    let mut late = task::spawn(async move { late.pass().await });

    // The clock is paused. It jumps forward only when every task waits.
    let minute = Duration::from_secs(60);
    let early = time::timeout(minute, &mut early).await.is_ok();
    let late = time::timeout(minute, &mut late).await.is_ok();
    match (early, late) {
        (true, true) => println!("done: the early task and the late one have passed"),
        (true, false) => println!(
            "deadlock: the gate is open; the early task has passed, the late one waits and nobody will call"
        ),
        _ => println!("the early task has not passed either"),
    }
    if early && late {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
