//! Lost: a panic leaves half of a change behind, and `into_inner` says that all is well.
//!
//! You see: money, stock or an index that does not add up, after a panic hours ago that was only a
//! line in the log.
//! Why: a std lock is poisoned when its holder panics, so that others notice. Code that takes the
//! value out of a `PoisonError` everywhere passes that over. tokio's and parking_lot's locks never
//! poison.
//! Rule: under a lock, first compute all that can fail, then change.
//!
//! Python: an exception between two assignments inside `with lock:`; Python has no poisoning at all
//! Caught by: no lint
//! Fixed: `lost_invariant_after_panic_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_invariant_after_panic_broken
//! ? 1
//!
//! thread '<unnamed>' ([..]) panicked at pitfalls/src/bin/lost_invariant_after_panic_broken.rs:[..]
//! called `Result::unwrap()` on an `Err` value: ParseIntError { kind: InvalidDigit }
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! 200 before, 170 after a transfer that panicked
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
    accounts.checking -= amount;
    let fee: i64 = fee.parse().unwrap(); // BROKEN: can panic between the two changes
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
