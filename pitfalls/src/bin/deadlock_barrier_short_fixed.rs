//! Fixed: a thread with an error still goes to the barrier, and returns the error afterwards.
//!
//! All four threads arrive on every path, so all four go on. The others do not learn of the error
//! here: where they must stop too, set a flag before the barrier and read it after. Where the work
//! before the barrier can panic, use two `thread::scope`s, one for each phase: a scope waits for
//! its threads however they end.
//!
//! Python: `try`, and `barrier.wait()` in `finally`; or `barrier.abort()`
//! Broken: `deadlock_barrier_short_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks_barrier.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_barrier_short_fixed
//! 20: Ok(10)
//! 25: Ok(5)
//! 30: Ok(0)
//! ten: Err(ParseIntError { kind: InvalidDigit })
//! 4 of 4 threads finished within 10s
//! ```

use std::num::ParseIntError;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

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
    let score = score.parse::<u64>();
    if let Ok(score) = score {
        best_score.fetch_max(score, Relaxed); // the barrier orders it before all loads
    }
    barrier.wait(); // FIXED: reached on every path; the error is returned afterwards
    Ok(best_score.load(Relaxed) - score?)
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
