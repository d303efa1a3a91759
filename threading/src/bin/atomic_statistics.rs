//! Keep count, sum and maximum of what many threads measure, without a lock.
//!
//! Use it for numbers that each thread adds to and somebody reads now and then: requests, bytes,
//! latencies. Each number is an atomic, each change one step, so none gets lost. The numbers
//! change one after the other, so a snapshot taken meanwhile may hold a value that is in the sum
//! and not yet in the count; never the other way round, and that is what the one `Release` and the
//! one `Acquire` in here are for. After a join they are exact. Where the numbers must agree at any
//! time: a `Mutex` around all three (`race_torn_snapshot_broken`). Many cores that do nothing else
//! fight for the memory: one set for each thread, added up at the end.
//!
//! Python: nothing like it; a `Lock` around three attributes.
//! Copy: `Statistics` and `Snapshot`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin atomic_statistics
//! 4 threads: count 400000, sum 80000200000, max 400000
//! in turn:   count 400000, sum 80000200000, max 400000
//! snapshots that counted a value before it was in the sum: 0
//!
//! $ cargo run -p threading --bin atomic_statistics -- --threads 3 --values 2
//! 3 threads: count 6, sum 21, max 6
//! in turn:   count 6, sum 21, max 6
//! ...
//!
//! $ cargo run -p threading --bin atomic_statistics -- --values 0
//! 4 threads: count 0, sum 0, max none
//! in turn:   count 0, sum 0, max none
//! ...
//! ```

use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{
    AtomicU64,
    Ordering::{Acquire, Relaxed, Release},
};
use std::thread;

use clap::{Parser, value_parser};

/// Numbers about values, recorded by any thread. It may stand in a `static`.
#[derive(Debug, Default)]
pub struct Statistics {
    count: AtomicU64,
    sum: AtomicU64,
    max: AtomicU64,
}

/// What [`Statistics`] said at one time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Snapshot {
    pub count: u64,
    /// Without what is above 2^64.
    pub sum: u64,
    /// `None` where nothing was recorded.
    pub max: Option<u64>,
}

impl Statistics {
    /// With no values.
    pub const fn new() -> Self {
        Self {
            count: AtomicU64::new(0),
            sum: AtomicU64::new(0),
            max: AtomicU64::new(0),
        }
    }

    /// Adds one value.
    pub fn record(&self, value: u64) {
        // Relaxed: a change of one number is one step with any ordering. None gets lost.
        self.sum.fetch_add(value, Relaxed);
        self.max.fetch_max(value, Relaxed);
        // Release: whoever sees this count also sees what this thread did to the two above, and
        // what all those did who counted before: an addition passes on the releases it adds to.
        self.count.fetch_add(1, Release);
    }

    /// The numbers now. All values in `count` are also in `sum` and in `max`; if other threads
    /// record meanwhile, these two may know more.
    pub fn snapshot(&self) -> Snapshot {
        let count = self.count.load(Acquire); // first, and with the `Release` that wrote it
        // Relaxed: the Acquire above keeps them behind it, and nothing hangs on their order.
        let (sum, max) = (self.sum.load(Relaxed), self.max.load(Relaxed));
        Snapshot {
            count,
            sum,
            max: (count > 0).then_some(max),
        }
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads record
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(..=1000))]
    threads: u16,

    /// How many values each of them records
    #[arg(long, value_name = "N", default_value_t = 100_000,
        value_parser = value_parser!(u64).range(..=1_000_000))]
    values: u64,
}

fn main() -> ExitCode {
    let Args { threads, values } = Args::parse();
    let all = 1..=u64::from(threads) * values;

    static STATISTICS: Statistics = Statistics::new();
    static ONES: Statistics = Statistics::new(); // the sum of the first n values is n, no less
    let start = Barrier::new(usize::from(threads) + 1);
    let mut wrong = 0;
    thread::scope(|s| {
        let recording = (0..u64::from(threads)).map(|thread| {
            let (mine, start) = (thread * values + 1..=(thread + 1) * values, &start);
            s.spawn(move || {
                start.wait();
                for value in mine {
                    STATISTICS.record(value);
                    ONES.record(1);
                }
            })
        });
        let recording: Vec<_> = recording.collect();
        start.wait();
        while !recording.iter().all(|thread| thread.is_finished()) {
            let seen = ONES.snapshot();
            wrong += u32::from(seen.sum < seen.count || seen.max == Some(0));
            thread::yield_now();
        }
    });
    let together = STATISTICS.snapshot();

    let in_turn = Snapshot {
        count: *all.end(),
        sum: all.clone().sum(),
        max: all.max(),
    };
    println!("{threads} threads: {}", line(together));
    println!("in turn:   {}", line(in_turn));
    println!("snapshots that counted a value before it was in the sum: {wrong}");
    if together == in_turn && wrong == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn line(Snapshot { count, sum, max }: Snapshot) -> String {
    let max = max.map_or("none".to_owned(), |max| max.to_string());
    format!("count {count}, sum {sum}, max {max}")
}
