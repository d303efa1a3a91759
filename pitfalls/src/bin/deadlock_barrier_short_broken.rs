//! Deadlock: one of four threads returns early, so a barrier for four waits forever.
//!
//! You see: one thread reports an error, and all the others hang in `Barrier::wait`.
//! Why: a barrier waits for a fixed number of threads. If one of them leaves before `wait`, by `?`,
//! by `return` or by a panic, the number is never reached. A pool that has fewer threads than the
//! barrier counts never reaches it either. std's `Barrier` has no timeout and cannot be aborted.
//! Rule: every thread reaches the barrier on every path, also on an error.
//!
//! Python: `Barrier(4)` and an exception in one thread; `barrier.abort()` would free the others,
//! with a `BrokenBarrierError`
//! Caught by: no lint; shuttle (`models/tests/deadlocks_barrier.rs`)
//! Fixed: `deadlock_barrier_short_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_barrier_short_broken
//! ? 1
//! ten: Err(ParseIntError { kind: InvalidDigit })
//! 1 of 4 threads finished within 300ms
//! ```

use std::num::ParseIntError;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Returns how far `score` is behind the best score of all threads.
///
/// Each thread calls this once with its own score. `barrier` is for as many threads as there are,
/// and `best_score` begins with 0.
///
/// # Errors
/// If `score` is not a number. Then the other threads do not count it.
pub fn behind_best(
    score: &str,
    barrier: &Barrier,
    best_score: &AtomicU64,
) -> Result<u64, ParseIntError> {
    let score = score.parse::<u64>()?; // BROKEN: returns, and the barrier waits for it
    best_score.fetch_max(score, Relaxed); // the barrier orders it before all loads
    barrier.wait();
    Ok(best_score.load(Relaxed) - score)
}

fn main() -> ExitCode {
    let barrier = Arc::new(Barrier::new(4));
    let best_score = Arc::new(AtomicU64::new(0));
    let (sender, receiver) = mpsc::channel();
    for score in ["20", "25", "30", "ten"] {
        let barrier = Arc::clone(&barrier);
        let best_score = Arc::clone(&best_score);
        let sender = sender.clone();
        thread::spawn(move || {
            let behind = behind_best(score, &barrier, &best_score);
            sender.send(format!("{score}: {behind:?}")).unwrap();
        });
    }
    drop(sender); // so the loop below ends when all threads have finished

    let mut finished = Vec::new();
    while let Ok(result) = receiver.recv_timeout(LIMIT) {
        finished.push(result);
    }
    finished.sort();
    for result in &finished {
        println!("{result}");
    }
    println!("{} of 4 threads finished within {LIMIT:?}", finished.len());
    if finished.len() == 4 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
