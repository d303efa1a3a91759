//! Fixed: one method locks, and what it calls takes the data behind the lock.
//!
//! `add` cannot lock: it has no lock, only a `&mut u64`, which nobody gets without the lock. If the
//! data is a struct, put such functions on the struct, and the lock around it. parking_lot's
//! `ReentrantMutex` allows a second lock in the same thread, but gives only `&T` to the data.
//!
//! Python: helpers that take no lock of their own, rather than an `RLock`
//! Broken: `deadlock_relock_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_relock_fixed
//! deposits within 10s: Ok(())
//! the balance: Mutex { data: 300, poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// An account that any thread may pay into.
#[derive(Default)]
pub struct Account {
    balance: Mutex<u64>,
}

impl Account {
    /// Adds `amount`.
    pub fn deposit(&self, amount: u64) {
        let mut balance = self.balance.lock().unwrap();
        add(&mut balance, amount);
    }

    /// Adds all `amounts` in one step: nobody sees a balance in between.
    pub fn deposit_all(&self, amounts: &[u64]) {
        let mut balance = self.balance.lock().unwrap();
        for &amount in amounts {
            add(&mut balance, amount); // FIXED: takes the data, not the lock
        }
    }

    /// Returns what is in the account now.
    pub fn balance(&self) -> u64 {
        *self.balance.lock().unwrap()
    }
}

fn add(balance: &mut u64, amount: u64) {
    *balance += amount;
}

fn main() -> ExitCode {
    let account = Arc::new(Account::default());
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&account);
    thread::spawn(move || {
        shared.deposit_all(&[100, 200]);
        sender.send(()).unwrap();
    });

    let ended = receiver.recv_timeout(LIMIT);
    println!("deposits within {LIMIT:?}: {ended:?}");
    println!("the balance: {:?}", account.balance);
    if ended.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
