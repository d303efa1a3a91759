//! Race: two atomics mean one thing, and a reader sees one old and one new.
//!
//! You see: an average, a ratio or a size that cannot be, now and then.
//! Why: each atomic is right, the pair is not: between two loads a writer changes both. No
//! `Ordering` helps, not even `SeqCst`. Here a barrier forces it on every run.
//! Rule: values that mean something together live under one lock, or in one atomic.
//!
//! Python: `stats.total_ms`, a call, and then `stats.requests`, while a thread changes both.
//! Caught by: no lint; shuttle (`models/tests/races_broken.rs`).
//! Fixed: `race_torn_snapshot_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_torn_snapshot_broken
//! ? 1
//! requests: 2, together 10 ms: a mean of 5 ms, and each took 10 ms
//! ```

use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::thread;

/// How many requests there were, and how long they took together.
#[derive(Default)]
pub struct Latency {
    requests: AtomicU64, // BROKEN: two atomics, one meaning
    total_ms: AtomicU64,
}

impl Latency {
    /// Adds a request that took `ms` milliseconds.
    pub fn record(&self, ms: u64) {
        self.total_ms.fetch_add(ms, SeqCst);
        self.requests.fetch_add(1, SeqCst);
    }

    /// Returns the number of requests and the milliseconds that they took together.
    pub fn snapshot(&self, moment: &Barrier) -> (u64, u64) {
        let total_ms = self.total_ms.load(SeqCst);
        moment.wait(); // only for the demo: a request is recorded here
        moment.wait(); // only for the demo: and here it is
        (self.requests.load(SeqCst), total_ms)
    }
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let (requests, total_ms) = record_and_read(10);
    let mean_ms = total_ms / requests;
    println!(
        "requests: {requests}, together {total_ms} ms: a mean of {mean_ms} ms, and each took 10 ms"
    );
    if mean_ms == 10 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Records a request of `ms`, and then takes a snapshot while another thread records one more.
pub fn record_and_read(ms: u64) -> (u64, u64) {
    let latency = Latency::default();
    latency.record(ms);
    let moment = Barrier::new(2);
    thread::scope(|s| {
        s.spawn(|| {
            moment.wait(); // only for the demo: between the two loads
            latency.record(ms);
            moment.wait(); // only for the demo: the second load may follow
        });
        latency.snapshot(&moment)
    })
}
