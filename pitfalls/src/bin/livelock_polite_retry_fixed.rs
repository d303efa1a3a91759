//! Fixed: two threads need the same two tools; both take them in the same order, and wait.
//!
//! With the same order for all, nobody has to give way: whoever holds the first tool gets the
//! second one in the end, and a thread that waits uses no CPU time. Where there is no such order (a
//! remote service, a transaction), wait for a random time before each retry, longer each time, and
//! give up after a few attempts. That makes a livelock unlikely; the same order makes it
//! impossible.
//!
//! Python: `with tools[0], tools[1]:` in every thread, without `blocking=False`
//! Broken: `livelock_polite_retry_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks_async.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin livelock_polite_retry_fixed
//! 2 threads have used the tools 2 and 2 times
//! ```

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

/// Uses two of `tools` at the same time, and counts that in both.
pub fn use_both(tools: &[Mutex<u32>], mut order: [usize; 2]) {
    order.sort(); // FIXED: the same order in every thread
    let mut first = tools[order[0]].lock().unwrap();
    let mut second = tools[order[1]].lock().unwrap(); // FIXED: waits
    *first += 1;
    *second += 1;
}

/// Two threads use the same two tools. Returns how often each tool was used.
pub fn work() -> [u32; 2] {
    let tools = [Mutex::new(0), Mutex::new(0)];
    thread::scope(|scope| {
        scope.spawn(|| use_both(&tools, [0, 1]));
        scope.spawn(|| use_both(&tools, [1, 0]));
    });
    tools.map(|tool| tool.into_inner().unwrap())
}

fn main() -> ExitCode {
    let [left, right] = work();
    println!("2 threads have used the tools {left} and {right} times");
    if [left, right] == [2, 2] {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
