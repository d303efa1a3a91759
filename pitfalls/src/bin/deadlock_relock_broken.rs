//! Deadlock: a method that holds the lock calls another method, and that one locks again.
//!
//! You see: one thread stops for good, with no other thread in sight.
//! Why: std's `Mutex` does not ask who holds it, so the thread waits for itself. It takes no bad
//! timing: the first call hangs. (std only promises not to return; it may also panic.)
//! Rule: what is called under a lock takes the data (`&mut T`), never the lock.
//!
//! Python: `with lock:` around a call that says `with lock:`; `RLock` is the habit that hides it.
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`);
//! parking_lot's `deadlock_detection`.
//! Fixed: `deadlock_relock_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_relock_broken
//! ? 1
//! deadlock: the account is locked, and the one thread that uses it waits for it
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
        *self.balance.lock().unwrap() += amount;
    }

    /// Adds all of `amounts` in one step: nobody sees a balance in between.
    pub fn deposit_all(&self, amounts: &[u64]) {
        let _in_one_step = self.balance.lock().unwrap();
        for &amount in amounts {
            self.deposit(amount); // BROKEN: locks what this thread holds
        }
    }

    /// What is in the account now.
    pub fn balance(&self) -> u64 {
        *self.balance.lock().unwrap()
    }
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
    let Err(gave_up) = deposits.recv_timeout(Duration::from_millis(300)) else {
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
