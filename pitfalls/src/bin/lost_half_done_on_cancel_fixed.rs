//! Fixed: the transfer is a task of its own, which the timeout does not cancel.
//!
//! The timeout drops only the handle, and a dropped handle lets its task go on. The caller does not
//! know how it ended, so it asks later, or is told by other means. At the end of the program
//! somebody has to wait for such tasks: give them to a `TaskTracker` (`graceful_shutdown`). In a
//! database use a transaction, which is rolled back when it is dropped.
//!
//! Python: `asyncio.wait_for(asyncio.shield(transfer()), 1)`
//! Broken: `lost_half_done_on_cancel_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_half_done_on_cancel_fixed
//! timed out: true, 200 of 200 left
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use tokio::task;
use tokio::time::{sleep, timeout};

/// Two accounts, at two banks.
pub struct Accounts {
    here: AtomicI64,
    there: AtomicI64,
}

/// Transfers `amount`, and gives up waiting after a second. Returns whether it took longer.
pub async fn transfer_in_time(accounts: Arc<Accounts>, amount: i64) -> bool {
    let limit = Duration::from_secs(1);
    let transfer = task::spawn(transfer(accounts, amount));
    timeout(limit, transfer).await.is_err() // FIXED: drops a handle, and the task goes on
}

async fn transfer(accounts: Arc<Accounts>, amount: i64) {
    accounts.here.fetch_sub(amount, Relaxed);
    sleep(Duration::from_secs(3)).await; // stands for a slow network
    accounts.there.fetch_add(amount, Relaxed);
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let accounts = Arc::new(Accounts {
        here: AtomicI64::new(100),
        there: AtomicI64::new(100),
    });
    let timed_out = transfer_in_time(Arc::clone(&accounts), 30).await;
    sleep(Duration::from_secs(60)).await; // long enough for everything that still runs

    let here = accounts.here.load(Relaxed);
    let there = accounts.there.load(Relaxed);
    let left = here + there;
    println!("timed out: {timed_out}, {left} of 200 left");
    if left == 200 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
