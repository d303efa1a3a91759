//! Slow: a thread asks again and again whether the result is there, and burns a core meanwhile.
//!
//! You see: 100% CPU while the program waits, a hot laptop, and the other threads get slower.
//! Why: a loop around `load` never sleeps. `spin_loop` only tells the processor, and `yield_now`
//! only lets others in before it asks again.
//! Rule: wait on something that wakes you up: `park`, a channel, a `Condvar`.
//!
//! Python: `while not done: pass`
//! Caught by: clippy `missing_spin_loop`, only where the loop's body is empty
//! Fixed: `slow_spin_wait_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_spin_wait_broken
//! ? 1
//! waited 50 ms: asked [..] times, more than 100
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
        std::hint::spin_loop(); // BROKEN: asks again at once
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
