//! Fixed: each task gets a chunk of a thousand items.
//!
//! A few chunks for each core are enough for an even load; `par_iter` finds the size by itself, and
//! `with_min_len` sets a lower limit. In the usual case, `numbers.par_iter().map(square).sum()` is
//! all that there is to write (`rayon_map`).
//!
//! Python: `executor.map(f, items, chunksize=1000)`
//! Broken: `slow_tiny_tasks_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_tiny_tasks_fixed
//! the sum of 100000 squares is 333328333350000, with 100 tasks
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Sums up the squares of `numbers` on all cores. Returns the sum, and the number of tasks.
pub fn sum_of_squares(numbers: &[u64]) -> (u64, usize) {
    let sum = AtomicU64::new(0);
    let tasks = AtomicUsize::new(0);
    rayon::scope(|scope| {
        for chunk in numbers.chunks(1000) {
            // FIXED: a task for a thousand numbers
            scope.spawn(|_| {
                let squares = chunk.iter().map(|number| number * number);
                sum.fetch_add(squares.sum(), Relaxed);
                tasks.fetch_add(1, Relaxed);
            });
        }
    });
    (sum.into_inner(), tasks.into_inner())
}

fn main() -> ExitCode {
    let numbers: Vec<u64> = (0..100_000).collect();
    let (sum, tasks) = sum_of_squares(&numbers);
    println!("the sum of 100000 squares is {sum}, with {tasks} tasks");
    if tasks <= 1000 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
