//! Deadlock: a task receives with a blocking `recv`, and the sender needs the same thread.
//!
//! You see: the program hangs at `recv`, although the task that sends was spawned before.
//! Why: the `recv` of a std channel puts the thread to sleep, and with it all tasks of this thread,
//! also the one that would send. More threads are no sure cure: tokio may keep the task that was
//! spawned last for the same thread, and then no idle thread takes it.
//! Rule: async code waits with `.await`, so a task receives from tokio's channels only.
//!
//! Python: `queue.Queue().get()` in a coroutine
//! Caught by: clippy `unused_async` (opt-in), in a function that awaits nothing at all. tokio's own
//! `blocking_recv` does not hang but panics: "Cannot block the current thread from within a
//! runtime"
//! Fixed: `deadlock_blocking_recv_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_blocking_recv_broken
//! ? 1
//! receiving
//! sum of all orders, within 300ms: Err(Timeout)
//! ```

#![warn(clippy::unused_async)] // not on by default

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::Duration;

use tokio::task;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Adds up the amounts of `orders` until all their senders are gone.
#[expect(clippy::unused_async, reason = "the mistake that this file shows")]
pub async fn sum(orders: Receiver<u64>) -> u64 {
    let mut sum = 0;
    // BROKEN: this `recv` blocks the thread, not only the task
    while let Ok(amount) = orders.recv() {
        sum += amount;
    }
    sum
}

#[tokio::main(flavor = "current_thread")]
async fn sum_on_one_thread() -> u64 {
    let (sender, orders) = mpsc::sync_channel(3);
    task::spawn(async move {
        for amount in [10, 20, 30] {
            println!("sending {amount}");
            sender.try_send(amount).expect("there is room for 3 orders");
        }
    });
    println!("receiving");
    sum(orders).await
}

fn main() -> ExitCode {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let sum = sum_on_one_thread();
        sender.send(sum).unwrap();
    });

    let sum = receiver.recv_timeout(LIMIT);
    println!("sum of all orders, within {LIMIT:?}: {sum:?}");
    if sum.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
