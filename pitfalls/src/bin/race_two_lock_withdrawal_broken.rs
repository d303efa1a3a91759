//! Race: the balance is checked under one lock and changed under the next.
//!
//! You see: a balance below zero, although every access checks it and takes the lock.
//! Why: a `Mutex` protects what happens while one guard lives. Between the first guard and the
//! second the other thread takes the money that this one has seen. Here a barrier forces the bad
//! moment on every run.
//! Rule: what must be true together happens under one guard.
//!
//! Python: `with lock: seen = balance`, and later another `with lock: balance -= amount`
//! Caught by: no lint; shuttle (`models/tests/races.rs`)
//! Fixed: `race_two_lock_withdrawal_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_two_lock_withdrawal_broken
//! ? 1
//! 2 times 600 from 1000: paid out 1200, balance -200
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicI64, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread;

/// Takes `amount` from `account`. Returns whether there was enough.
pub fn withdraw(account: &Mutex<i64>, amount: i64, both_have_looked: &Barrier) -> bool {
    let seen = *account.lock().unwrap(); // BROKEN: unlocks at the semicolon
    if seen < amount {
        return false;
    }
    both_have_looked.wait(); // only for the demo: both have seen enough money
    let mut balance = account.lock().unwrap();
    *balance -= amount;
    true
}

/// Two threads withdraw `amount`. Returns what was paid out and the balance after that.
pub fn withdraw_twice(balance: i64, amount: i64) -> (i64, i64) {
    let account = Mutex::new(balance);
    let paid_out = AtomicI64::new(0);
    let both_have_looked = Barrier::new(2);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                if withdraw(&account, amount, &both_have_looked) {
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
