//! Deadlock: two transfers lock the same two accounts, each in its own order.
//!
//! You see: the program stops. No panic, no message, no CPU time.
//! Why: each thread holds one lock and waits for the other one. It takes bad timing, so tests
//! pass for months; here a barrier forces it on every run.
//! Rule: code that holds two locks takes them in one global order.
//!
//! Python: `with a: with b:` in one thread, `with b: with a:` in another.
//! Caught by: no lint; shuttle (`models/tests/broken.rs`); parking_lot's `deadlock_detection`.
//! Fixed: `deadlock_lock_order_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_lock_order_broken
//! ? 1
//! deadlock: both accounts are locked and no transfer ends: each waits for what the other holds
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Barrier, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

/// Moves `amount` from account `from` to account `to`; nothing, if they are the same.
pub fn transfer(accounts: &[Mutex<i64>], from: usize, to: usize, amount: i64, moment: &Barrier) {
    if from == to {
        return;
    }
    let mut source = accounts[from].lock().unwrap(); // BROKEN: the other one begins with `to`
    moment.wait(); // only for the demo: both hold one lock
    let mut target = accounts[to].lock().unwrap();
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
    let Err(gave_up) = transfers.recv_timeout(Duration::from_millis(300)) else {
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
    let moment = Barrier::new(2);
    thread::scope(|s| {
        s.spawn(|| transfer(accounts, 0, 1, 10, &moment));
        s.spawn(|| transfer(accounts, 1, 0, 20, &moment));
    });
}
