//! Fixed: two numbers that mean one thing live under one lock.
//!
//! A snapshot copies both numbers while nobody can change either, so it is a pair that was. It
//! costs a lock for each request; where that is too much and both fit into 64 bits, pack them
//! into one `AtomicU64`.
//!
//! Python: `with lock:` around both changes, and around both reads.
//! Broken: `race_torn_snapshot_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_torn_snapshot_fixed
//! requests: [..], together [..] ms: a mean of 10 ms, and each took 10 ms
//! ```

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

/// How many requests there were, and how long they took together.
#[derive(Default)]
pub struct Latency {
    requests_and_total_ms: Mutex<(u64, u64)>, // FIXED: one lock, one meaning
}

impl Latency {
    /// Adds a request that took `ms` milliseconds.
    pub fn record(&self, ms: u64) {
        let mut both = self.requests_and_total_ms.lock().unwrap();
        both.0 += 1;
        both.1 += ms;
    }

    /// Returns the number of requests and the milliseconds that they took together.
    pub fn snapshot(&self) -> (u64, u64) {
        *self.requests_and_total_ms.lock().unwrap()
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
    thread::scope(|s| {
        s.spawn(|| latency.record(ms));
        latency.snapshot()
    })
}
