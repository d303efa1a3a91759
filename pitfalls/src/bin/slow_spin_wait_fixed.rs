//! Fixed: the thread sleeps in `park` until the other one has set the flag and calls `unpark`.
//!
//! `unpark` before `park` is not lost: the next `park` returns at once. `park` may also return for
//! no reason, hence the loop. Where the result is a value, a channel is simpler. Spinning pays only
//! for less than a microsecond, with as many cores as threads; `crossbeam::utils::Backoff` then
//! knows when to stop.
//!
//! Python: `done.wait()` of a `threading.Event`
//! Broken: `slow_spin_wait_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_spin_wait_fixed
//! waited 50 ms: asked [..] times, at most 100
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

/// Waits until `done` is set. Returns how often it had to ask.
pub fn wait_for(done: &AtomicBool) -> usize {
    let mut asked = 1;
    // Acquire: what the other thread wrote before it set the flag can be read afterwards.
    while !done.load(Ordering::Acquire) {
        thread::park(); // FIXED: sleeps until somebody calls `unpark`
        asked += 1;
    }
    asked
}

fn main() -> ExitCode {
    let done = AtomicBool::new(false);
    let asked = thread::scope(|scope| {
        let waiting = scope.spawn(|| wait_for(&done));
        thread::sleep(Duration::from_millis(50));
        done.store(true, Ordering::Release);
        waiting.thread().unpark();
        waiting.join().unwrap()
    });

    let few = asked <= 100;
    let verdict = if few { "at most 100" } else { "more than 100" };
    println!("waited 50 ms: asked {asked} times, {verdict}");
    if few {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
