//! Lost: a timeout cancels a transfer between its two steps, and the money is gone.
//!
//! You see: a debit without a credit, an order without its lines, a lock file that nobody removes;
//! only for requests that timed out or whose client went away.
//! Why: to cancel a future is to drop it: it ends at the `.await` where it waits, and no line after
//! that runs, no error handler either.
//! Rule: what must be done as a whole has no `.await` inside, or runs in a task of its own.
//!
//! Python: `asyncio.wait_for(transfer(), 1)`: there a `CancelledError` can be caught at the `await`
//! Caught by: no lint
//! Fixed: `lost_half_done_on_cancel_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_half_done_on_cancel_broken
//! ? 1
//! timed out: true, 170 of 200 left
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{sleep, timeout};

/// Two accounts, at two banks.
pub struct Accounts {
    here: AtomicI64,
    there: AtomicI64,
}

/// Transfers `amount`, and gives up waiting after a second. Returns whether it took longer.
pub async fn transfer_in_time(accounts: Arc<Accounts>, amount: i64) -> bool {
    let limit = Duration::from_secs(1);
    let transfer = transfer(accounts, amount);
    timeout(limit, transfer).await.is_err() // BROKEN: drops the transfer where it waits
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
