//! Deadlock: `match cache.lock().unwrap().get(..)` keeps the lock through every arm.
//!
//! You see: a cache miss hangs; a hit works. The lock looks released: no guard has a name.
//! Why: `lock()` returns a guard, which unlocks when dropped. A `match` keeps it until its closing
//! brace. The same in `while let`, in `for`, and in the first block of `if let`, even where the
//! value is copied out. Edition 2024 drops it before the `else` of an `if let`, and changed none of
//! the others. A plain condition of `if` or `while`, and `let ... else`, never kept it.
//! Rule: no `lock()` in a `match`, `if let`, `while let` or `for`: bind the value with `let` first.
//!
//! Python: no counterpart: `with lock:` ends where its block ends, in plain sight.
//! Caught by: clippy `significant_drop_in_scrutinee` (opt-in);
//! shuttle (`models/tests/deadlocks.rs`); parking_lot's `deadlock_detection`.
//! Fixed: `deadlock_guard_in_match_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_guard_in_match_broken
//! ? 1
//! deadlock: user 7 was loaded once and cannot be stored: the look-up has the lock
//! ```

#![warn(clippy::significant_drop_in_scrutinee)] // not on by default

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

/// The name of user `id`: from `cache`, or from `load`, without the lock, and then cached.
///
/// Two threads that miss at once both load; the first name stays, and both return it.
pub fn user_name(
    cache: &Mutex<HashMap<u32, String>>,
    id: u32,
    load: impl FnOnce(u32) -> String,
) -> String {
    // BROKEN: locked until the closing brace, and the second arm locks again
    #[expect(
        clippy::significant_drop_in_scrutinee,
        reason = "the mistake that this file shows"
    )]
    match cache.lock().unwrap().get(&id).cloned() {
        Some(name) => name,
        None => {
            let name = load(id);
            cache.lock().unwrap().entry(id).or_insert(name).clone()
        }
    }
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let cache = Arc::new(Mutex::new(HashMap::new()));
    let loads = Arc::new(AtomicUsize::new(0));
    let (done, names) = mpsc::channel();
    let (shared, counted) = (cache.clone(), loads.clone());
    thread::spawn(move || {
        let load = |id| {
            counted.fetch_add(1, Relaxed);
            format!("user-{id}")
        };
        done.send([user_name(&shared, 7, load), user_name(&shared, 7, load)])
    });
    let name = names.recv_timeout(Duration::from_millis(300));
    let loads = loads.load(Relaxed); // Relaxed: a count, and no other data hangs on it
    let locked = matches!(cache.try_lock(), Err(TryLockError::WouldBlock));
    match name {
        Ok([first, second]) => {
            println!("done: {first} and {second}, loaded {loads} time");
            return ExitCode::SUCCESS;
        }
        Err(RecvTimeoutError::Timeout) if locked && loads == 1 => println!(
            "deadlock: user 7 was loaded once and cannot be stored: the look-up has the lock"
        ),
        Err(_) => {}
    }
    ExitCode::FAILURE
}
