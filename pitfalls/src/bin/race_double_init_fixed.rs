//! Fixed: two threads find nothing under a read lock, and one of them creates it.
//!
//! `entry` looks again under the write lock, and calls `open` only if there is still nothing. It
//! costs that everyone waits while `open` runs, for any host. For one value `OnceLock` does all
//! of this (`get_or_init`); for slow `open`s keep an `Arc<OnceLock<C>>` in the map and open after
//! the lock.
//!
//! Python: `with lock:` around `if host not in pool: pool[host] = connect(host)`.
//! Broken: `race_double_init_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_double_init_fixed
//! 2 threads share the connection to db.example: they have number 1 and number 1
//! ```

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};
use std::thread;

/// Returns the connection to `host` that is in `pool`; the first caller puts it there with `open`,
/// which must not use `pool`. If `open` panics, the pool stays as it was and the next caller opens.
pub fn get_or_open<C>(
    pool: &RwLock<HashMap<String, Arc<C>>>,
    host: &str,
    open: impl FnOnce() -> C,
) -> Arc<C> {
    if let Some(found) = pool
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(host)
    {
        return found.clone();
    }
    let mut pool = pool.write().unwrap_or_else(PoisonError::into_inner);
    pool.entry(host.to_owned())
        .or_insert_with(|| Arc::new(open()))
        .clone() // FIXED: looks again
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let [first, second] = open_twice();
    println!(
        "2 threads share the connection to db.example: they have number {first} and number {second}"
    );
    if first == second {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Two threads ask for one connection. Returns the numbers of those that they get, the lower first.
pub fn open_twice() -> [u32; 2] {
    let pool = RwLock::new(HashMap::new());
    let opened = AtomicU32::new(0);
    let open = || opened.fetch_add(1, Relaxed) + 1;
    let mut numbers = thread::scope(|s| {
        let ask = || *get_or_open(&pool, "db.example", open);
        [s.spawn(ask), s.spawn(ask)].map(|thread| thread.join().unwrap())
    });
    numbers.sort();
    numbers
}
