//! Livelock: two threads need two tools, and each gives way to the other one, forever.
//!
//! You see: 100 % CPU and no progress. A debugger finds both threads busy.
//! Why: each takes one tool, finds the other one taken, puts its own back and tries again, in step
//! with its neighbor. No thread waits, so nothing is stuck and nothing gets done. In real life
//! chance ends it after a while; here a barrier keeps the two in step, until they give up.
//! Rule: never retry at the same pace as the others: take locks in one order, and wait.
//!
//! Python: `second.acquire(blocking=False)`, and `first.release()` when it fails, in a loop.
//! Caught by: no lint; shuttle (`models/tests/deadlocks_async.rs`).
//! Fixed: `livelock_polite_retry_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin livelock_polite_retry_broken
//! ? 1
//! livelock: 2 threads gave way 200 times, and the tools were used 0 and 0 times
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread;

/// Uses two of `tools` at the same time, and counts that in both; nothing, if they are the same.
pub fn use_both(tools: &[Mutex<u32>], mine: usize, other: usize, demo: &Demo) {
    if mine == other {
        return;
    }
    // only for the demo: an end; without it, this is a `loop`
    for _ in 0..demo.attempts {
        let mut first = tools[mine].lock().unwrap();
        demo.in_step.wait(); // only for the demo: both hold one tool
        let second = tools[other].try_lock();
        demo.in_step.wait(); // only for the demo: both have tried
        if let Ok(mut second) = second {
            *first += 1;
            *second += 1;
            return;
        }
        demo.gave_way.fetch_add(1, Relaxed);
        drop(first); // BROKEN: gives way and tries again, as the other one does
    }
}

// Only for the demo from here on.

/// What keeps two threads in step, and counts.
pub struct Demo {
    attempts: u32,
    in_step: Barrier,
    gave_way: AtomicU32,
}

fn main() -> ExitCode {
    let (uses, gave_way) = work(100);
    if uses == [2, 2] {
        println!("done: 2 of 2 threads had both tools");
        return ExitCode::SUCCESS;
    }
    println!(
        "livelock: 2 threads gave way {gave_way} times, and the tools were used {} and {} times",
        uses[0], uses[1]
    );
    ExitCode::FAILURE
}

/// Two threads use the same two tools, each in its own order. Returns how often each tool was
/// used, and how often a thread gave way.
pub fn work(attempts: u32) -> ([u32; 2], u32) {
    let demo = Demo {
        attempts,
        in_step: Barrier::new(2),
        gave_way: AtomicU32::new(0),
    };
    let tools = [Mutex::new(0), Mutex::new(0)];
    thread::scope(|s| {
        s.spawn(|| use_both(&tools, 0, 1, &demo));
        s.spawn(|| use_both(&tools, 1, 0, &demo));
    });
    (
        tools.map(|tool| tool.into_inner().unwrap()),
        demo.gave_way.into_inner(),
    )
}
