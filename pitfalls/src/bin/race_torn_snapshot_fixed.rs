//! Fixed: two numbers that mean one thing live under one lock.
//!
//! `snapshot` copies both numbers under the lock, so nobody can change one of them in between: what
//! it returns was true at one moment. The cost is a lock for each request. If that is too much and
//! both numbers fit into 64 bits, pack them into one `AtomicU64`.
//!
//! Python: `with lock:` around both changes, and around both reads
//! Broken: `race_torn_snapshot_broken`
//! Needs: nothing
//! Tested: `models/tests/races.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_torn_snapshot_fixed
//! 10 ms each: requests = [..], total = [..] ms, mean = 10 ms
//! ```

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

/// How many requests there were, and how long they took in total.
#[derive(Clone, Copy, Default)]
pub struct Totals {
    pub requests: u64,
    pub millis: u64,
}

/// Totals that any number of threads add to.
#[derive(Default)]
pub struct Latency {
    totals: Mutex<Totals>, // FIXED: one lock, one meaning
}

impl Latency {
    /// Adds a request that took `millis` milliseconds.
    pub fn record(&self, millis: u64) {
        let mut totals = self.totals.lock().unwrap();
        totals.requests += 1;
        totals.millis += millis;
    }

    /// Returns the totals up to now.
    pub fn snapshot(&self) -> Totals {
        *self.totals.lock().unwrap()
    }
}

/// Takes a snapshot after one request, while another thread records a second one.
pub fn record_and_read(millis: u64) -> Totals {
    let latency = Latency::default();
    latency.record(millis);
    thread::scope(|scope| {
        scope.spawn(|| latency.record(millis));
        latency.snapshot()
    })
}

fn main() -> ExitCode {
    let Totals { requests, millis } = record_and_read(10);
    let mean = millis / requests;
    println!("10 ms each: requests = {requests}, total = {millis} ms, mean = {mean} ms");
    if mean == 10 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
