//! Fixed: the gate remembers that it is open, and a task looks before it waits.
//!
//! First take the `Notified`, then look: it gets every `notify_waiters` from its creation on, so
//! an `open` comes either before the look or to the `Notified`. `Release` and `Acquire` let those
//! who pass see what was written before `open`. tokio has the whole of it ready: `watch` for a
//! value that changes, `SetOnce` for one that comes once; and tokio-util its `CancellationToken`,
//! for "stop".
//!
//! Python: `asyncio.Event`, or `while not is_open: await condition.wait()`.
//! Broken: `deadlock_missed_notify_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_missed_notify_fixed
//! done: the early task and the late one have passed
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{
    AtomicBool,
    Ordering::{Acquire, Release},
};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::{task, time};

/// A gate that is opened once, for everybody.
#[derive(Default)]
pub struct Gate {
    is_open: AtomicBool,
    opened: Notify,
}

impl Gate {
    /// Opens the gate.
    pub fn open(&self) {
        self.is_open.store(true, Release); // FIXED: what stays behind
        self.opened.notify_waiters();
    }

    /// Waits until the gate is open.
    pub async fn pass(&self) {
        let next_open = self.opened.notified(); // FIXED: made before the look, misses no `open`
        if !self.is_open.load(Acquire) {
            next_open.await;
        }
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
