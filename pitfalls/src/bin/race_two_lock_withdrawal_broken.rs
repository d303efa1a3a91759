//! Race: the balance is checked under one lock and changed under the next.
//!
//! You see: a balance below zero, in code that checks the balance and locks it every time.
//! Why: a `Mutex` protects what happens under one guard. Between the first guard and the second,
//! the other thread takes the money that was checked. Here a barrier forces it on every run.
//! Rule: what must be true together happens under one guard.
//!
//! Python: `with lock: seen = balance`, and then a second `with lock: balance -= amount`.
//! Caught by: no lint; shuttle (`models/tests/races_broken.rs`).
//! Fixed: `race_two_lock_withdrawal_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_two_lock_withdrawal_broken
//! ? 1
//! 2 threads want 600 each of 1000: paid to 2, the balance is -200
//! ```

use std::process::ExitCode;
use std::sync::{Barrier, Mutex};
use std::thread;

/// Takes `amount` from `account`. Returns the new balance, or as an error the one that was too low.
pub fn withdraw(account: &Mutex<i64>, amount: u32, moment: &Barrier) -> Result<i64, i64> {
    let seen = *account.lock().unwrap(); // BROKEN: the lock is open again at the semicolon
    if seen < i64::from(amount) {
        return Err(seen);
    }
    moment.wait(); // only for the demo: both have seen enough money
    let mut balance = account.lock().unwrap();
    *balance -= i64::from(amount);
    Ok(*balance)
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let (paid, balance) = withdraw_twice(1000, 600);
    println!("2 threads want 600 each of 1000: paid to {paid}, the balance is {balance}");
    if (paid, balance) == (1, 400) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Two threads withdraw `amount`. Returns how many were paid and the balance then.
pub fn withdraw_twice(balance: i64, amount: u32) -> (usize, i64) {
    let account = Mutex::new(balance);
    let moment = Barrier::new(2);
    let paid = thread::scope(|s| {
        let threads = [(), ()].map(|()| s.spawn(|| withdraw(&account, amount, &moment)));
        threads
            .map(|thread| thread.join().unwrap())
            .iter()
            .filter(|paid| paid.is_ok())
            .count()
    });
    (paid, account.into_inner().unwrap())
}
