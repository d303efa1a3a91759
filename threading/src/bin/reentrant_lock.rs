//! Do without `RLock`: the lock stands outside, and what is called under it takes `&mut self`.
//!
//! Use it when one method under a lock calls another one. Python puts the lock into the object,
//! so each method locks, and only an `RLock` survives the second time. Here the object has no
//! lock: `&mut self` is the proof that the caller holds one, and it is handed on for free. A
//! caller makes many calls one step by keeping the guard. If a lock really must be taken twice,
//! because a callback comes back to it, there is parking_lot's `ReentrantMutex` (std's is not
//! stable yet). It gives `&T` only, so it wants a `RefCell` to write, and a second writer in the
//! same thread gets an error or a panic, where a plain lock would hang: the mistake is still one.
//! The hang: `deadlock_relock_broken`.
//!
//! Python: `threading.RLock()`, `with self.lock:` in `deposit` and again in what it calls.
//! Copy: `Account`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add parking_lot@0.13`
//!
//! ```console
//! $ cargo run -p threading --bin reentrant_lock
//! 3 threads deposited 100 each: 300
//! amid a deposit of 3 parts, another thread tried to get in 3 times: it did 0 times
//! one overflow, and nothing of its deposit is in: 300
//! a reentrant lock, taken twice: locked again, borrowed to write again: error
//!
//! $ cargo run -p threading --bin reentrant_lock -- --threads 8 --amount 5
//! 8 threads deposited 5 each: 40
//! ...
//! ```

use std::cell::RefCell;
use std::process::ExitCode;
use std::sync::{Mutex, TryLockError};
use std::thread;

use clap::{Parser, value_parser};
use parking_lot::ReentrantMutex;

/// An account without a lock. To share it, put it into one: `Mutex<Account>`.
#[derive(Debug, Default)]
pub struct Account {
    balance: u64,
}

impl Account {
    /// Adds `amount` and returns the balance; `None`, and nothing changes, if it gets too large.
    pub fn deposit(&mut self, amount: u64) -> Option<u64> {
        self.balance = self.balance.checked_add(amount)?;
        Some(self.balance)
    }

    /// Adds all `amounts` in one step and returns the balance; `None`, and nothing changes, if it
    /// gets too large. A panic of `amounts` leaves in what came before it.
    pub fn deposit_all(&mut self, amounts: impl IntoIterator<Item = u64>) -> Option<u64> {
        let before = self.balance;
        for amount in amounts {
            if self.deposit(amount).is_none() {
                self.balance = before;
                return None;
            }
        }
        Some(self.balance)
    }

    /// What is in it.
    pub fn balance(&self) -> u64 {
        self.balance
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads deposit
    #[arg(long, value_name = "N", default_value_t = 3, value_parser = value_parser!(u16).range(..=1000))]
    threads: u16,

    /// What each of them deposits
    #[arg(long, value_name = "N", default_value_t = 100)]
    amount: u32,
}

fn main() -> ExitCode {
    let Args { threads, amount } = Args::parse();
    let account = Mutex::new(Account::default());
    thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| account.lock().unwrap().deposit_all([amount.into()]));
        }
    });
    let balance = account.lock().unwrap().balance();
    println!("{threads} threads deposited {amount} each: {balance}");

    // The amounts come from an iterator, so the demo can look from another thread between two.
    let mut got_in = [true; 3];
    let parts = got_in.iter_mut().map(|got_in| {
        let tried = thread::scope(|s| s.spawn(|| would_get_in(&account)).join());
        *got_in = tried.expect("no panic in there");
        0
    });
    account.lock().unwrap().deposit_all(parts);
    let got_in = got_in.into_iter().filter(|&got_in| got_in).count();
    println!(
        "amid a deposit of 3 parts, another thread tried to get in 3 times: it did {got_in} times"
    );

    let refused = account.lock().unwrap().deposit_all([1, u64::MAX]).is_none();
    let after = account.lock().unwrap().balance();
    println!("one overflow, and nothing of its deposit is in: {after}");

    let (locked, written) = twice(&ReentrantMutex::new(RefCell::new(Account::default())));
    println!(
        "a reentrant lock, taken twice: locked again, borrowed to write again: {}",
        if written { "done" } else { "error" }
    );

    let expected = u64::from(threads) * u64::from(amount);
    let held = balance == expected && got_in == 0 && refused && after == balance;
    if held && locked && !written {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn would_get_in(account: &Mutex<Account>) -> bool {
    !matches!(account.try_lock(), Err(TryLockError::WouldBlock))
}

/// Whether one thread can lock twice, and whether it can write twice.
fn twice(account: &ReentrantMutex<RefCell<Account>>) -> (bool, bool) {
    let outer = account.lock();
    let mut _account = outer.borrow_mut();
    let inner = account.try_lock(); // `lock` would return as well: it is the same thread
    (
        inner.is_some(),
        inner.is_some_and(|account| account.try_borrow_mut().is_ok()),
    )
}
