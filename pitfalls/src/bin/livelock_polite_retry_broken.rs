//! Livelock: two threads need the same two tools, and each gives way to the other, over and over.
//!
//! You see: 100 % CPU and no progress. A debugger finds both threads busy.
//! Why: each thread locks one tool, finds the other one locked, releases its own and tries again,
//! in step with the other thread. Nothing is stuck, and nothing gets done, for as long as their
//! timing stays equal. Here a barrier keeps it equal.
//! Rule: never retry at the same pace as the others; take locks in one order, and wait for them.
//!
//! Python: `second.acquire(blocking=False)`, and `first.release()` when it fails, in a loop
//! Caught by: no lint; shuttle (`models/tests/deadlocks_async.rs`)
//! Fixed: `livelock_polite_retry_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin livelock_polite_retry_broken
//! ? 1
//! 2 threads have used the tools 0 and 0 times
//! ```

use std::process::ExitCode;
use std::sync::{Barrier, Mutex};
use std::thread;

static PACE: Barrier = Barrier::new(2); // only for the demo: see `use_both`

/// Uses two of `tools` at the same time, and counts that in both.
pub fn use_both(tools: &[Mutex<u32>], order: [usize; 2], attempts: u32) {
    // only for the demo: gives up after so many attempts; real code has a `loop` here
    for _ in 0..attempts {
        let mut first = tools[order[0]].lock().unwrap();
        PACE.wait(); // only for the demo: each thread holds one tool
        let second = tools[order[1]].try_lock();
        PACE.wait(); // only for the demo: each thread has tried
        if let Ok(mut second) = second {
            *first += 1;
            *second += 1;
            return;
        }
        drop(first); // BROKEN: gives way and tries again, and so does the other thread
    }
}

/// Two threads use the same two tools. Returns how often each tool was used.
pub fn work(attempts: u32) -> [u32; 2] {
    let tools = [Mutex::new(0), Mutex::new(0)];
    thread::scope(|scope| {
        scope.spawn(|| use_both(&tools, [0, 1], attempts));
        scope.spawn(|| use_both(&tools, [1, 0], attempts));
    });
    tools.map(|tool| tool.into_inner().unwrap())
}

fn main() -> ExitCode {
    let [left, right] = work(100);
    println!("2 threads have used the tools {left} and {right} times");
    if [left, right] == [2, 2] {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
