//! Fixed: two transfers lock the same two accounts, both the lower number first.
//!
//! Any order will do that every thread agrees on: an index, an id, an address. A circle of
//! waiting would need someone who holds a high lock and waits for a low one, and nobody does.
//! A transfer to the same account must not lock twice.
//!
//! Python: `first, second = sorted((a, b), key=id)`, then `with first: with second:`.
//! Broken: `deadlock_lock_order_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_lock_order_fixed
//! done: 110 and 90
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

/// Moves `amount` from account `from` to account `to`; nothing, if they are the same.
pub fn transfer(accounts: &[Mutex<i64>], from: usize, to: usize, amount: i64) {
    if from == to {
        return;
    }
    let low = accounts[from.min(to)].lock().unwrap(); // FIXED: the lower number first, always
    let high = accounts[from.max(to)].lock().unwrap();
    let (mut source, mut target) = if from < to { (low, high) } else { (high, low) };
    *source -= amount;
    *target += amount;
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let accounts = Arc::new([Mutex::new(100), Mutex::new(100)]);
    let (done, transfers) = mpsc::channel();
    let shared = accounts.clone();
    thread::spawn(move || {
        transfer_both_ways(&*shared);
        done.send(())
    });
    let Err(gave_up) = transfers.recv_timeout(Duration::from_secs(10)) else {
        println!(
            "done: {} and {}",
            accounts[0].lock().unwrap(),
            accounts[1].lock().unwrap()
        );
        return ExitCode::SUCCESS;
    };
    let locked = |account: &Mutex<i64>| matches!(account.try_lock(), Err(TryLockError::WouldBlock));
    if gave_up == RecvTimeoutError::Timeout && accounts.iter().all(locked) {
        println!(
            "deadlock: both accounts are locked and no transfer ends: each waits for what the other holds"
        );
    }
    ExitCode::FAILURE
}

/// Moves 10 from the first to the second account and 20 back, at the same time.
pub fn transfer_both_ways(accounts: &[Mutex<i64>]) {
    thread::scope(|s| {
        s.spawn(|| transfer(accounts, 0, 1, 10));
        s.spawn(|| transfer(accounts, 1, 0, 20));
    });
}
