//! Fixed: two threads add to one counter, and every update counts.
//!
//! `fetch_add` reads, adds and writes in one step that no other thread can enter. `Relaxed` is
//! enough: the total is read after the threads are joined, and no other data hangs on it. Where
//! the new value takes more than one operation, use `try_update`, or a `Mutex`.
//!
//! Python: `with lock: counter += 1`.
//! Broken: `race_lost_update_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_lost_update_fixed
//! 2 threads added 1 each: the counter says 2
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// Adds 1 to a counter on each of `threads` threads and returns what it says then.
pub fn count(threads: usize) -> u64 {
    let counter = AtomicU64::new(0);
    thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                counter.fetch_add(1, Relaxed); // FIXED: one step
            });
        }
    });
    counter.into_inner()
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let total = count(2);
    println!("2 threads added 1 each: the counter says {total}");
    if total == 2 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
