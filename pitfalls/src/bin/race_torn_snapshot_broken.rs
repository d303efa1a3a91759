//! Race: two atomics mean one thing, and a reader sees one old value and one new one.
//!
//! You see: now and then an average, a ratio or a size that cannot be right.
//! Why: each atomic is right, but the pair is not: between the two loads a writer changes both. No
//! `Ordering` helps, not even `SeqCst`. Here a barrier forces the bad moment on every run.
//! Rule: values that belong together live under one lock, or in one atomic.
//!
//! Python: `stats.total_ms / count(stats)` while another thread records a request
//! Caught by: no lint; shuttle (`models/tests/races.rs`)
//! Fixed: `race_torn_snapshot_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_torn_snapshot_broken
//! ? 1
//! 10 ms each: requests = 2, total = 10 ms, mean = 5 ms
//! ```

use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
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
    requests: AtomicU64, // BROKEN: two atomics, one meaning
    millis: AtomicU64,
}

impl Latency {
    /// Adds a request that took `millis` milliseconds.
    pub fn record(&self, millis: u64) {
        self.millis.fetch_add(millis, SeqCst);
        self.requests.fetch_add(1, SeqCst);
    }

    /// Returns the totals up to now.
    pub fn snapshot(&self, between_loads: &Barrier) -> Totals {
        let millis = self.millis.load(SeqCst);
        between_loads.wait(); // only for the demo: another thread records a request
        between_loads.wait(); // only for the demo: and has recorded it
        let requests = self.requests.load(SeqCst);
        Totals { requests, millis }
    }
}

/// Takes a snapshot after one request, while another thread records a second one.
pub fn record_and_read(millis: u64) -> Totals {
    let latency = Latency::default();
    latency.record(millis);
    let between_loads = Barrier::new(2);
    thread::scope(|scope| {
        scope.spawn(|| {
            between_loads.wait(); // only for the demo: one value is loaded
            latency.record(millis);
            between_loads.wait(); // only for the demo: now the other one may be
        });
        latency.snapshot(&between_loads)
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
