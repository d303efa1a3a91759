//! Race: two threads add to one counter, and an update is lost.
//!
//! You see: a total that is too small, and a different one on each run.
//! Why: `load` and then `store` are two steps, and the `store` overwrites what another thread
//! stored in between. Each step is atomic and nothing is `unsafe`: Rust rules out data races, not
//! every race condition. Here a barrier forces the bad moment on every run.
//! Rule: read, change and write a shared value in one step, or under one lock.
//!
//! Python: `counter += size(page)` from two threads, which may switch during the call
//! Caught by: no lint; shuttle (`models/tests/races.rs`)
//! Fixed: `race_lost_update_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_lost_update_broken
//! ? 1
//! 2 threads added 1 each: the counter says 1
//! ```

use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// Adds 1 to a counter on each of `threads` threads, and returns what it says in the end.
pub fn count(threads: usize) -> u64 {
    let counter = AtomicU64::new(0);
    let all_have_read = Barrier::new(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let seen = counter.load(Relaxed);
                all_have_read.wait(); // only for the demo: the bad moment, on every run
                counter.store(seen + 1, Relaxed); // BROKEN: overwrites newer values
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
