//! Fixed: the balance is checked and changed under one lock.
//!
//! The guard lives from the check to the change, so no other thread can come in between, and the
//! balance never falls below zero. The cost is a lock that is held a few instructions longer. Keep
//! slow work, such as a network call, out of it. For a map the same fix is `entry` under one guard.
//!
//! Python: `with lock:` around `if balance >= amount: balance -= amount`
//! Broken: `race_two_lock_withdrawal_broken`
//! Needs: nothing
//! Tested: `models/tests/races.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_two_lock_withdrawal_fixed
//! 2 times 600 from 1000: paid out 600, balance 400
//! ```

use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::thread;

/// Takes `amount` from `account`. Returns whether there was enough.
pub fn withdraw(account: &Mutex<i64>, amount: i64) -> bool {
    let mut balance = account.lock().unwrap(); // FIXED: one guard, to the end
    if *balance < amount {
        return false;
    }
    *balance -= amount;
    true
}

/// Two threads withdraw `amount`. Returns what was paid out and the balance after that.
pub fn withdraw_twice(balance: i64, amount: i64) -> (i64, i64) {
    let account = Mutex::new(balance);
    let paid_out = AtomicI64::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                if withdraw(&account, amount) {
                    paid_out.fetch_add(amount, Relaxed);
                }
            });
        }
    });
    let balance = account.into_inner().unwrap();
    (paid_out.into_inner(), balance)
}

fn main() -> ExitCode {
    let (paid_out, balance) = withdraw_twice(1000, 600);
    println!("2 times 600 from 1000: paid out {paid_out}, balance {balance}");
    if balance >= 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
