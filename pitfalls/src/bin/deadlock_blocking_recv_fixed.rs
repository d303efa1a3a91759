//! Fixed: the task receives with tokio's `recv`, and the sender runs while it waits.
//!
//! `.await` hands the thread back until a message comes. The senders may well be plain threads:
//! they use `blocking_send`. Where only a blocking receiver is to be had, move the loop to
//! `task::spawn_blocking`, which costs a thread for as long as it runs.
//!
//! Python: `await asyncio.Queue().get()`.
//! Broken: `deadlock_blocking_recv_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_blocking_recv_fixed
//! done: 3 orders, 60 in all
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::task;

/// Adds up the amounts of `orders`, until all their senders are gone.
pub async fn sum(mut orders: Receiver<u64>) -> u64 {
    let mut sum = 0;
    // FIXED: this `recv` makes the task wait, not the thread
    while let Some(amount) = orders.recv().await {
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
    match sums.recv_timeout(Duration::from_secs(10)) {
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
    let (sender, orders) = channel(3);
    task::spawn(async move {
        for amount in [10, 20, 30] {
            sender.try_send(amount).expect("room for 3 orders");
            SENT.fetch_add(1, Relaxed);
        }
    });
    SPAWNED.fetch_add(1, Relaxed);
    sum(orders).await
}
