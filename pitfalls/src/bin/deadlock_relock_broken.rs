//! Deadlock: a method that holds a lock calls another method, and that one takes the lock again.
//!
//! You see: one thread hangs in `Mutex::lock` forever, and no other thread uses the lock.
//! Why: std's `Mutex` is not reentrant: the thread waits for itself. It takes no bad timing, the
//! first call hangs. (std promises only that the second `lock` does not return; it may also panic.)
//! Rule: a function that is called under a lock takes the data (`&mut T`), never the lock.
//!
//! Python: `with lock:` around a call that says `with lock:` as well; an `RLock` allows it
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`); parking_lot's `deadlock_detection`
//! Fixed: `deadlock_relock_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_relock_broken
//! ? 1
//! deadlock: the account is locked, and its only user waits
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
        let mut balance = self.balance.lock().unwrap();
        *balance += amount;
    }

    /// Adds all `amounts` in one step: nobody sees a balance in between.
    pub fn deposit_all(&self, amounts: &[u64]) {
        let _balance = self.balance.lock().unwrap();
        for &amount in amounts {
            self.deposit(amount); // BROKEN: locks what this thread has locked
        }
    }

    /// Returns what is in the account now.
    pub fn balance(&self) -> u64 {
        *self.balance.lock().unwrap()
    }
}

fn main() -> ExitCode {
    let account = Arc::new(Account::default());
    let shared = account.clone();
    let (done, deposited) = mpsc::channel();
    thread::spawn(move || {
        shared.deposit_all(&[100, 200]);
        done.send(()).unwrap();
    });

    let deposited = deposited.recv_timeout(Duration::from_millis(300));
    let locked = matches!(account.balance.try_lock(), Err(TryLockError::WouldBlock));
    match deposited {
        Ok(()) => {
            println!("done: the balance is {}", account.balance());
            return ExitCode::SUCCESS;
        }
        Err(RecvTimeoutError::Timeout) if locked => {
            println!("deadlock: the account is locked, and its only user waits");
        }
        Err(error) => println!("no result: {error}"),
    }
    ExitCode::FAILURE
}
