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
//! deposits within 300ms: Err(Timeout)
//! the balance: Mutex { data: "<locked>", poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

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
