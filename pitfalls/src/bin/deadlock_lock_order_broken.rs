//! Deadlock: two transfers lock the same two accounts, each in its own order.
//!
//! You see: the program hangs: no panic, no error message, no CPU time. It happens only now and
//! then, so tests pass for months.
//! Why: each thread holds one lock and waits for the other one, forever. It takes bad timing; here
//! a barrier forces it on every run.
//! Rule: code that holds two locks at once takes them in one global order.
//!
//! Python: `with a: with b:` in one thread, `with b: with a:` in another
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`); parking_lot's `deadlock_detection`
//! Fixed: `deadlock_lock_order_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_lock_order_broken
//! ? 1
//! both transfers within 300ms: Err(Timeout)
//! account 0: Mutex { data: "<locked>", poisoned: false, .. }
//! account 1: Mutex { data: "<locked>", poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

static BOTH_HOLD_ONE: Barrier = Barrier::new(2); // only for the demo: see `transfer`

/// Moves `amount` from account `from` to account `to`; does nothing if they are the same.
pub fn transfer(accounts: &[Mutex<i64>], from: usize, to: usize, amount: i64) {
    if from == to {
        return;
    }
    // BROKEN: a transfer in the other direction begins with the other lock
    let mut source = accounts[from].lock().unwrap();
    BOTH_HOLD_ONE.wait(); // only for the demo: each of the two transfers holds one lock
    let mut target = accounts[to].lock().unwrap();
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
