//! Do without `RLock`: put the lock outside, and let the methods take `&mut self`.
//!
//! Use it when one method under a lock calls another one. In Python the lock is inside the object,
//! so each method takes it, and only an `RLock` can be taken twice. In Rust the object has no lock
//! of its own: share it as `Mutex<Account>`. The caller locks once, and its guard lends out
//! `&mut self`, which a method passes on to the next without locking again.
//!
//! - One guard for several calls makes them one step for all other threads.
//! - A `Mutex` that is locked twice by one thread hangs: `deadlock_relock`.
//! - Where a callback must take the lock again, use `parking_lot::ReentrantMutex` with a `RefCell`
//!   inside. Changing the value while it is being changed is still a mistake: it panics with
//!   "RefCell already borrowed".
//!
//! Python: `threading.RLock()`, taken in `deposit_all` and again in `deposit`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p threading --bin reentrant_lock
//! 3 threads deposited 60 and 40 each: 300
//! ```

/// An account without a lock of its own. To share it, use a `Mutex<Account>`.
#[derive(Debug, Default)]
pub struct Account {
    balance: u64,
}

impl Account {
    /// Adds `amount` to the balance.
    pub fn deposit(&mut self, amount: u64) {
        self.balance += amount;
    }

    /// Adds all `amounts` to the balance.
    pub fn deposit_all(&mut self, amounts: &[u64]) {
        for amount in amounts {
            self.deposit(*amount); // the lock is already held: nothing to take again
        }
    }

    /// Returns the balance.
    pub fn balance(&self) -> u64 {
        self.balance
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::Mutex;
use std::thread;

fn main() {
    let account = Mutex::new(Account::default());
    thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                let mut account = account.lock().unwrap();
                account.deposit_all(&[60, 40]);
            });
        }
    });

    let account = account.into_inner().unwrap();
    println!("3 threads deposited 60 and 40 each: {}", account.balance());
}
