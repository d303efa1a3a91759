//! Fixed: the value is bound with `let`, so the lock is free again before the `match`.
//!
//! A `let` drops the guard at its semicolon, and `cloned` gives a value that does not borrow from
//! it. The cost is a clone, and a gap: another thread may miss at the same time and load too, so
//! the insert keeps what is there. To load only once, keep a `OnceLock` for each key in the map.
//!
//! Python: `with lock: name = cache.get(id)`, and the rest after the block.
//! Broken: `deadlock_guard_in_match_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_guard_in_match_fixed
//! done: user-7 and user-7, loaded 1 time
//! ```

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
    let cached = cache.lock().unwrap().get(&id).cloned(); // FIXED: unlocked at the semicolon
    match cached {
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
    let name = names.recv_timeout(Duration::from_secs(10));
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
