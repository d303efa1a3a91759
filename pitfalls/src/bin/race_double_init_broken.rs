//! Race: two threads find nothing under a read lock, and both create it.
//!
//! You see: two connections where one was meant, "initialized" twice in the log, work done twice.
//! Why: a read lock cannot become a write lock. Between the two the other thread comes in, creates
//! the value, and is overwritten. Here a barrier forces it on every run.
//! Rule: after taking the write lock, look again.
//!
//! Python: `if host not in pool: pool[host] = connect(host)` from two threads.
//! Caught by: no lint; shuttle (`models/tests/races_broken.rs`).
//! Fixed: `race_double_init_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_double_init_broken
//! ? 1
//! 2 threads share the connection to db.example: they have number 1 and number 2
//! ```

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Barrier, PoisonError, RwLock};
use std::thread;

/// Returns the connection to `host` that is in `pool`; the first caller puts it there with `open`.
pub fn get_or_open<C>(
    pool: &RwLock<HashMap<String, Arc<C>>>,
    host: &str,
    open: impl FnOnce() -> C,
    moment: &Barrier,
) -> Arc<C> {
    if let Some(found) = pool
        .read()
        .unwrap_or_else(PoisonError::into_inner)
        .get(host)
    {
        return found.clone();
    }
    moment.wait(); // only for the demo: both have found nothing
    let opened = Arc::new(open());
    let mut pool = pool.write().unwrap_or_else(PoisonError::into_inner);
    pool.insert(host.to_owned(), opened.clone()); // BROKEN: what was missing may be there by now
    opened
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
    let moment = Barrier::new(2);
    let mut numbers = thread::scope(|s| {
        let ask = || *get_or_open(&pool, "db.example", open, &moment);
        [s.spawn(ask), s.spawn(ask)].map(|thread| thread.join().unwrap())
    });
    numbers.sort();
    numbers
}
