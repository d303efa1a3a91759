//! Fixed: one method locks, and what it calls takes the data behind the lock.
//!
//! `add` cannot lock: it has no lock, only `&mut u64`. A caller proves that it holds the lock by
//! having that reference. Where the data is a struct, put its methods on the struct and the lock
//! around it. parking_lot's `ReentrantMutex` allows the second lock, but only reading.
//!
//! Python: helpers without a lock of their own, rather than `RLock`.
//! Broken: `deadlock_relock_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_relock_fixed
//! done: the balance is 300
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

/// An account that any thread may pay into.
#[derive(Default)]
pub struct Account {
    balance: Mutex<u64>,
}

impl Account {
    /// Adds `amount`.
    pub fn deposit(&self, amount: u64) {
        add(&mut self.balance.lock().unwrap(), amount);
    }

    /// Adds all of `amounts` in one step: nobody sees a balance in between.
    pub fn deposit_all(&self, amounts: &[u64]) {
        let mut balance = self.balance.lock().unwrap();
        for &amount in amounts {
            add(&mut balance, amount); // FIXED: hands on what the lock guards
        }
    }

    /// What is in the account now.
    pub fn balance(&self) -> u64 {
        *self.balance.lock().unwrap()
    }
}

fn add(balance: &mut u64, amount: u64) {
    *balance += amount;
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let account = Arc::new(Account::default());
    let (done, deposits) = mpsc::channel();
    let shared = account.clone();
    thread::spawn(move || {
        shared.deposit_all(&[100, 200]);
        done.send(())
    });
    let Err(gave_up) = deposits.recv_timeout(Duration::from_secs(10)) else {
        println!("done: the balance is {}", account.balance());
        return ExitCode::SUCCESS;
    };
    let locked = matches!(account.balance.try_lock(), Err(TryLockError::WouldBlock));
    let used_by_one_thread = Arc::strong_count(&account) == 2; // the other one is this one
    if gave_up == RecvTimeoutError::Timeout && locked && used_by_one_thread {
        println!("deadlock: the account is locked, and the one thread that uses it waits for it");
    }
    ExitCode::FAILURE
}
