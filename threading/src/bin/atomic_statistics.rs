//! Count, add up and find the maximum from many threads, without a lock.
//!
//! Use atomics for numbers that threads only add to and that are read when the threads have ended.
//! Each change is one step, so none is lost. `into_totals` takes the statistics by value: it
//! compiles only where no thread borrows them any more.
//!
//! - `Relaxed` is the weakest ordering. It is enough because no thread looks at one number to learn
//!   something about another, and `join` makes all changes visible.
//! - In an `Arc`, get the statistics back with `Arc::into_inner` after the last join.
//! - While threads record, the three numbers need not fit together: `race_torn_snapshot`. To read
//!   them then, put them into one `Mutex`: `mutex_counter`.
//! - Threads that do little but record slow each other down, because they change the same memory.
//!   Give each thread numbers of its own, and add them up at the end: `slow_contended_counter`.
//!
//! Python: three attributes and a `Lock` around every change
//! Needs: nothing
//! Tested: `models/tests/threading_sync.rs`
//!
//! ```console
//! $ cargo run -p threading --bin atomic_statistics
//! 4 threads: Totals { count: 400000, sum: 20000200000, max: 100000 }
//! ```

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Numbers about values that any thread records.
#[derive(Debug, Default)]
pub struct Statistics {
    count: AtomicU64,
    sum: AtomicU64,
    max: AtomicU64,
}

/// What was recorded in all.
#[derive(Debug)]
pub struct Totals {
    pub count: u64,
    /// Wraps around above `u64::MAX`.
    pub sum: u64,
    /// 0 if nothing was recorded.
    pub max: u64,
}

impl Statistics {
    /// Records one value.
    pub fn record(&self, value: u64) {
        // Relaxed: each number is complete in itself, and nobody reads it before the join.
        self.count.fetch_add(1, Relaxed);
        self.sum.fetch_add(value, Relaxed);
        self.max.fetch_max(value, Relaxed);
    }

    /// Returns the totals. No thread can be recording any more.
    pub fn into_totals(self) -> Totals {
        Totals {
            count: self.count.into_inner(),
            sum: self.sum.into_inner(),
            max: self.max.into_inner(),
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::thread;

fn main() {
    let statistics = Statistics::default();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for value in 1..=100_000 {
                    statistics.record(value);
                }
            });
        }
    });

    let totals = statistics.into_totals();
    println!("4 threads: {totals:?}");
}
