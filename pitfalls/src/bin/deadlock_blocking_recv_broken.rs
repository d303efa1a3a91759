//! Deadlock: a task receives with a blocking `recv`, and the sender needs the same thread.
//!
//! You see: the program hangs at `recv`, although the task that sends was spawned before.
//! Why: std's `recv` puts the thread to sleep, and with it every task that the thread runs. The
//! task that would send waits for a free thread. More threads are no cure: what a task spawns may
//! stay in a private slot of its thread, from where no idle one takes it.
//! Rule: in async code wait with `.await`, and let a task receive from tokio's channels only.
//!
//! Python: `queue.Queue().get()` in a coroutine.
//! Caught by: clippy `unused_async` (opt-in), in a function that awaits nothing at all; tokio's own
//! `blocking_recv`, which panics in a task and does not hang.
//! Fixed: `deadlock_blocking_recv_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_blocking_recv_broken
//! ? 1
//! deadlock: 1 task was spawned to send and has sent 0 orders; recv blocks the only thread
//! ```

#![warn(clippy::unused_async)]

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::task;

/// Adds up the amounts of `orders`, until all their senders are gone.
#[expect(clippy::unused_async, reason = "the mistake that this file shows")]
pub async fn sum(orders: Receiver<u64>) -> u64 {
    let mut sum = 0;
    // BROKEN: this `recv` blocks the thread, not only the task
    while let Ok(amount) = orders.recv() {
        sum += amount;
    }
    sum
}

// Only for the demo from here on.

static SPAWNED: AtomicU32 = AtomicU32::new(0);
static SENT: AtomicU32 = AtomicU32::new(0);

fn main() -> ExitCode {
    let (done, sums) = mpsc::channel();
    thread::spawn(move || done.send(on_one_thread()));
    match sums.recv_timeout(Duration::from_millis(300)) {
        Ok(sum) => {
            println!("done: {} orders, {sum} in all", SENT.load(Relaxed));
            return ExitCode::SUCCESS;
        }
        Err(RecvTimeoutError::Timeout) if SPAWNED.load(Relaxed) == 1 => println!(
            "deadlock: 1 task was spawned to send and has sent {} orders; recv blocks the only thread",
            SENT.load(Relaxed)
        ),
        Err(_) => {}
    }
    ExitCode::FAILURE
}

#[tokio::main(flavor = "current_thread")]
async fn on_one_thread() -> u64 {
    let (sender, orders) = mpsc::sync_channel(3);
    task::spawn(async move {
        for amount in [10, 20, 30] {
            sender.try_send(amount).expect("room for 3 orders");
            SENT.fetch_add(1, Relaxed);
        }
    });
    SPAWNED.fetch_add(1, Relaxed);
    sum(orders).await
}
