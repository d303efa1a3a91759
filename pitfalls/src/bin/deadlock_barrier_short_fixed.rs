//! Fixed: a party with an error comes to the barrier all the same, and reports it after.
//!
//! All four arrive on every path, so all four go on. The others are told nothing of the error here:
//! where they must stop too, share a flag and read it after the barrier. Where the work before the
//! barrier can panic, split the phases into two `thread::scope`s: a join needs no fixed number.
//!
//! Python: `try`, then `barrier.wait()` in `finally`; or `barrier.abort()`.
//! Broken: `deadlock_barrier_short_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_barrier_short_fixed
//! 20: Ok(10)
//! 25: Ok(5)
//! 30: Ok(0)
//! ten: Err(ParseIntError { kind: InvalidDigit })
//! ```

use std::iter;
use std::num::ParseIntError;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

/// One party's part: says how far `score` is behind the best of all parties.
///
/// All parties share `best`, which starts at 0, and `all_in`, a barrier for as many as they are. An
/// error says that `score` is no number; the other parties do not count it.
pub fn behind_best(score: &str, all_in: &Barrier, best: &AtomicU64) -> Result<u64, ParseIntError> {
    let score = score.parse();
    if let Ok(score) = score {
        best.fetch_max(score, Relaxed); // Relaxed: the barrier orders it before all loads
    }
    all_in.wait(); // FIXED: every path comes here, and the error waits until then
    Ok(best.load(Relaxed) - score?)
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let scores = ["20", "25", "30", "ten"];
    let (all_in, best) = (Arc::new(Barrier::new(4)), Arc::new(AtomicU64::new(0)));
    let (done, ends) = mpsc::channel();
    for score in scores {
        let (all_in, best, done) = (all_in.clone(), best.clone(), done.clone());
        thread::spawn(move || done.send((score, behind_best(score, &all_in, &best))));
    }
    let end = |patience| ends.recv_timeout(patience).ok();
    let mut ended: Vec<_> = iter::from_fn(|| end(Duration::from_secs(10)))
        .take(4)
        .collect();
    ended.sort_by_key(|&(score, _)| score);
    for (score, behind) in &ended {
        println!("{score}: {behind:?}");
    }
    if ended.len() == 4 {
        return ExitCode::SUCCESS;
    }
    thread::spawn(move || all_in.wait()); // in place of the one that left
    let freed = iter::from_fn(|| end(Duration::from_secs(1)))
        .take(4 - ended.len())
        .count();
    if freed + ended.len() == 4 {
        println!("deadlock: {freed} of 4 waited at the barrier, until main came in its place");
    }
    ExitCode::FAILURE
}
