//! Fixed: two threads need two tools; both take the lower one first, and wait.
//!
//! With one order for all, nobody has to give way: who holds the lower tool gets the higher one
//! in the end, and a thread that waits costs no CPU time. Where there is no such order (a remote
//! service, a transaction), wait for a random time before each retry, longer each time, and give up
//! after a few: that makes a livelock unlikely; one order makes it impossible.
//!
//! Python: `with low: with high:`, no `blocking=False`.
//! Broken: `livelock_polite_retry_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin livelock_polite_retry_fixed
//! done: 2 of 2 threads had both tools
//! ```

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

/// Uses two of `tools` at the same time, and counts that in both; nothing, if they are the same.
pub fn use_both(tools: &[Mutex<u32>], mine: usize, other: usize) {
    if mine == other {
        return;
    }
    let mut first = tools[mine.min(other)].lock().unwrap(); // FIXED: the lower one first, always
    let mut second = tools[mine.max(other)].lock().unwrap(); // FIXED: and waits for it
    *first += 1;
    *second += 1;
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let uses = work();
    if uses == [2, 2] {
        println!("done: 2 of 2 threads had both tools");
        return ExitCode::SUCCESS;
    }
    println!(
        "livelock: the tools were used {} and {} times",
        uses[0], uses[1]
    );
    ExitCode::FAILURE
}

/// Two threads use the same two tools, each in its own order. Returns how often each tool was
/// used.
pub fn work() -> [u32; 2] {
    let tools = [Mutex::new(0), Mutex::new(0)];
    thread::scope(|s| {
        s.spawn(|| use_both(&tools, 0, 1));
        s.spawn(|| use_both(&tools, 1, 0));
    });
    tools.map(|tool| tool.into_inner().unwrap())
}
