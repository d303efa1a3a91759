//! Deadlock: `match cache.lock().unwrap().get(..)` holds the lock in every arm.
//!
//! You see: a cache miss hangs and a hit works. No variable holds the lock, so it looks released.
//! Why: the guard that `lock()` returns unlocks when it is dropped, and a `match` drops it at its
//! closing brace, even if the value is copied out. So do `while let`, `for`, and the first block of
//! an `if let`; since edition 2024 `if let` drops it before its `else`. `let ... else` and a plain
//! condition of `if` or `while` drop it at once.
//! Rule: no `lock()` in a `match`, `if let`, `while let` or `for`: bind the value with `let` first.
//!
//! Python: does not happen: `with lock:` ends where its block ends
//! Caught by: clippy `significant_drop_in_scrutinee` (opt-in); shuttle
//! (`models/tests/deadlocks.rs`); parking_lot's `deadlock_detection`
//! Fixed: `deadlock_guard_in_match_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_guard_in_match_broken
//! ? 1
//! user 7 within 300ms: Err(Timeout)
//! the cache: Mutex { data: "<locked>", poisoned: false, .. }
//! ```

#![warn(clippy::significant_drop_in_scrutinee)] // not on by default

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Returns the name of user `id`: from `cache`, or else from `load`, which runs without the lock.
///
/// If two threads miss at once, both load. The first name is kept, and both return it.
pub fn user_name(
    cache: &Mutex<HashMap<u32, String>>,
    id: u32,
    load: impl FnOnce(u32) -> String,
) -> String {
    // BROKEN: the lock is held to the closing brace, and the second arm locks again
    #[expect(
        clippy::significant_drop_in_scrutinee,
        reason = "the mistake that this file shows"
    )]
    match cache.lock().unwrap().get(&id).cloned() {
        Some(name) => name,
        None => {
            let loaded = load(id);
            let mut names = cache.lock().unwrap();
            let name = names.entry(id).or_insert(loaded);
            name.clone()
        }
    }
}

fn main() -> ExitCode {
    let cache = Arc::new(Mutex::new(HashMap::new()));
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&cache);
    thread::spawn(move || {
        let name = user_name(&shared, 7, |id| format!("user-{id}"));
        sender.send(name).unwrap();
    });

    let name = receiver.recv_timeout(LIMIT);
    println!("user 7 within {LIMIT:?}: {name:?}");
    println!("the cache: {cache:?}");
    if name.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
