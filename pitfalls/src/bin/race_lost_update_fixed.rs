//! Fixed: two threads add to one counter, and every update counts.
//!
//! `fetch_add` reads, adds and writes in one step, and no other thread can come in between.
//! `Relaxed` is enough: the total is read after the threads have been joined, and no other data
//! depends on the counter. Each update costs a little more than a plain addition. Where the new
//! value takes more than one operation, use `try_update` (before Rust 1.95: `fetch_update`) or a
//! `Mutex`.
//!
//! Python: `with lock: counter += size(page)`
//! Broken: `race_lost_update_broken`
//! Needs: nothing
//! Tested: `models/tests/races.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_lost_update_fixed
//! 2 threads added 1 each: the counter says 2
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// Adds 1 to a counter on each of `threads` threads, and returns what it says in the end.
pub fn count(threads: usize) -> u64 {
    let counter = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                counter.fetch_add(1, Relaxed); // FIXED: all in one step
            });
        }
    });
    counter.into_inner()
}

fn main() -> ExitCode {
    let total = count(2);
    println!("2 threads added 1 each: the counter says {total}");
    if total == 2 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
