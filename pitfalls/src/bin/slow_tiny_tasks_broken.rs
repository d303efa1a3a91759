//! Slow: a task for each item, where the work on an item is smaller than the task.
//!
//! You see: the parallel version is slower than a loop, with all cores busy.
//! Why: to queue, steal and wake up costs some 100 nanoseconds to a microsecond for each task, and
//! one addition costs less than one. rayon's `map` cuts the work into few pieces by itself; `spawn`
//! does not.
//! Rule: a task is worth it from about 10 microseconds on: give each one a chunk of the items.
//!
//! Python: `executor.map(f, items)` without `chunksize`, across processes
//! Caught by: no lint
//! Fixed: `slow_tiny_tasks_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_tiny_tasks_broken
//! ? 1
//! the sum of 100000 squares is 333328333350000, with 100000 tasks
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering::Relaxed};

/// Sums up the squares of `numbers` on all cores. Returns the sum, and the number of tasks.
pub fn sum_of_squares(numbers: &[u64]) -> (u64, usize) {
    let sum = AtomicU64::new(0);
    let tasks = AtomicUsize::new(0);
    rayon::scope(|scope| {
        for chunk in numbers.chunks(1) {
            // BROKEN: a task for each number
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
