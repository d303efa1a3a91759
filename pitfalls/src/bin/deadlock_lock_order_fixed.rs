//! Fixed: two transfers lock the same two accounts, both in the same order.
//!
//! The account with the lower number is always locked first. A deadlock would need a thread that
//! holds the higher lock and waits for the lower one, and there is none. Any order will do if every
//! thread follows it: an index, an id, an address. It costs a comparison. A transfer from an
//! account to itself must not lock it twice.
//!
//! Python: `first, second = sorted((a, b), key=id)`, then `with first: with second:`
//! Broken: `deadlock_lock_order_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_lock_order_fixed
//! both transfers within 10s: Ok(())
//! account 0: Mutex { data: 110, poisoned: false, .. }
//! account 1: Mutex { data: 90, poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Moves `amount` from account `from` to account `to`; does nothing if they are the same.
pub fn transfer(accounts: &[Mutex<i64>], from: usize, to: usize, amount: i64) {
    if from == to {
        return;
    }
    let mut source;
    let mut target;
    // FIXED: every transfer begins with the lower number
    if from < to {
        source = accounts[from].lock().unwrap();
        target = accounts[to].lock().unwrap();
    } else {
        target = accounts[to].lock().unwrap();
        source = accounts[from].lock().unwrap();
    }
    *source -= amount;
    *target += amount;
}

/// Moves 10 from account 0 to account 1 and 20 back, at the same time.
pub fn transfer_both_ways(accounts: &[Mutex<i64>]) {
    thread::scope(|scope| {
        scope.spawn(|| transfer(accounts, 0, 1, 10));
        scope.spawn(|| transfer(accounts, 1, 0, 20));
    });
}

fn main() -> ExitCode {
    let accounts = Arc::new(vec![Mutex::new(100), Mutex::new(100)]);
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&accounts);
    thread::spawn(move || {
        transfer_both_ways(&shared);
        sender.send(()).unwrap();
    });

    let ended = receiver.recv_timeout(LIMIT);
    println!("both transfers within {LIMIT:?}: {ended:?}");
    for (number, account) in accounts.iter().enumerate() {
        println!("account {number}: {account:?}");
    }
    if ended.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
