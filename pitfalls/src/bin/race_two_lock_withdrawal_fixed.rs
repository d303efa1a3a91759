//! Fixed: the balance is checked and changed under one lock.
//!
//! The guard lives from the check to the change, so nobody comes in between, and the balance is
//! never below zero. It costs a lock held for a few instructions longer; what is slow (a printer,
//! a network) belongs outside. For a map the same fix is `entry` under one guard.
//!
//! Python: `with lock:` around `if balance >= amount: balance -= amount`.
//! Broken: `race_two_lock_withdrawal_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_two_lock_withdrawal_fixed
//! 2 threads want 600 each of 1000: paid to 1, the balance is 400
//! ```

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

/// Takes `amount` from `account`. Returns the new balance, or as an error the one that was too low.
pub fn withdraw(account: &Mutex<i64>, amount: u32) -> Result<i64, i64> {
    let mut balance = account.lock().unwrap(); // FIXED: one guard, to the end
    if *balance < i64::from(amount) {
        return Err(*balance);
    }
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
    let paid = thread::scope(|s| {
        let threads = [(), ()].map(|()| s.spawn(|| withdraw(&account, amount)));
        threads
            .map(|thread| thread.join().unwrap())
            .iter()
            .filter(|paid| paid.is_ok())
            .count()
    });
    (paid, account.into_inner().unwrap())
}
