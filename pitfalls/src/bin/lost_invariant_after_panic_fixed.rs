//! Fixed: what can panic comes before the first change.
//!
//! Between the two changes nothing can fail any more, so a panic leaves the accounts as they were,
//! and what a poisoned lock protects is still whole: `into_inner` is right then. Where that order
//! is not possible, change a copy and put it in place as the last step, or give up at the first
//! `PoisonError` (`poisoned_lock`).
//!
//! Python: compute first, then assign
//! Broken: `lost_invariant_after_panic_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_invariant_after_panic_fixed
//!
//! thread '<unnamed>' ([..]) panicked at pitfalls/src/bin/lost_invariant_after_panic_fixed.rs:[..]
//! called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! 200 before, 200 after a transfer that panicked
//! ```

use std::process::ExitCode;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::thread;

/// Two accounts, in cents.
pub struct Accounts {
    checking: i64,
    savings: i64,
}

/// Transfers what `amount` says, in cents.
///
/// # Panics
/// If `amount` is not a number.
pub fn transfer(accounts: &Mutex<Accounts>, amount: &str, fee: &str) {
    let mut accounts = lock(accounts);
    let amount: i64 = amount.parse().unwrap();
    let fee: i64 = fee.parse().unwrap(); // FIXED: can panic, but nothing has changed yet
    accounts.checking -= amount;
    accounts.savings += amount - fee;
}

/// Locks the accounts, also after a panic.
fn lock(accounts: &Mutex<Accounts>) -> MutexGuard<'_, Accounts> {
    accounts.lock().unwrap_or_else(PoisonError::into_inner)
}

fn main() -> ExitCode {
    let accounts = Mutex::new(Accounts {
        checking: 100,
        savings: 100,
    });
    let panicked = thread::scope(|scope| {
        let transferring = scope.spawn(|| transfer(&accounts, "30", "none"));
        transferring.join().is_err()
    });
    assert!(panicked);

    let accounts = lock(&accounts);
    let total = accounts.checking + accounts.savings;
    println!("200 before, {total} after a transfer that panicked");
    if total == 200 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
