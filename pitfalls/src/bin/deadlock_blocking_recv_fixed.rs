//! Fixed: the task receives with tokio's `recv`, and the sender runs while it waits.
//!
//! `.await` gives the thread back to the runtime until a message comes. The senders may be plain
//! threads all the same: they use `blocking_send`. Where there is only a blocking receiver, run the
//! loop in `task::spawn_blocking`, which costs a thread for as long as it runs.
//!
//! Python: `await asyncio.Queue().get()`
//! Broken: `deadlock_blocking_recv_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_blocking_recv_fixed
//! receiving
//! sending 10
//! sending 20
//! sending 30
//! sum of all orders, within 10s: Ok(60)
//! ```

use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::task;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Adds up the amounts of `orders` until all their senders are gone.
pub async fn sum(mut orders: Receiver<u64>) -> u64 {
    let mut sum = 0;
    // FIXED: this `recv` makes the task wait, not the thread
    while let Some(amount) = orders.recv().await {
        sum += amount;
    }
    sum
}

#[tokio::main(flavor = "current_thread")]
async fn sum_on_one_thread() -> u64 {
    let (sender, orders) = channel(3);
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
