//! Work on the parts of a `Vec` in several threads that borrow it: no `Arc`, no lock, no copy.
//!
//! Use it when the threads end before the function returns, which is the usual case.
//! `thread::scope` joins all of its threads before it returns, so they may borrow what lives on the
//! stack. `chunks_mut` cuts the slice into parts that do not overlap, so each thread may change its
//! own.
//!
//! - Code in which two threads change the same part does not compile (E0499).
//! - Parts that take unequal time leave threads idle. rayon balances them: `par_chunks_mut`, or
//!   `rayon_map` for each item.
//! - For threads that outlive the function: `thread_spawn_join`.
//!
//! Python: `ThreadPoolExecutor().map(work, parts)`, where nothing stops two threads from changing
//! the same part
//! Needs: nothing
//! Tested: `threading/tests/proof/scoped_threads.rs`
//!
//! ```console
//! $ cargo run -p threading --bin scoped_threads
//! the squares add up to 333833500, one by one to 333833500
//! the numbers are squared in place: [1, 4, 9, 16], ..., 1000000
//! ```

use std::panic;
use std::thread;

/// Cuts `items` into at most `threads` parts of equal length (the last one may be shorter), and
/// calls `work` with each part on a thread of its own. Returns the results in the order of the
/// parts.
///
/// # Panics
/// If `threads` is 0, or the system has no more threads to give. If `work` panics: with its panic,
/// after the other parts have ended.
pub fn map_parts<T: Send, R: Send>(
    items: &mut [T],
    threads: usize,
    work: impl Fn(&mut [T]) -> R + Sync,
) -> Vec<R> {
    assert!(threads > 0, "without threads nothing is done");
    let part_length = items.len().div_ceil(threads);
    let work = &work; // `move` below moves this reference, and not the closure itself
    thread::scope(|scope| {
        let mut handles = Vec::new();
        // At least 1, for an empty slice: parts of length 0 are refused.
        for part in items.chunks_mut(part_length.max(1)) {
            let handle = scope.spawn(move || work(part));
            handles.push(handle);
        }

        let mut results = Vec::new();
        for handle in handles {
            match handle.join() {
                Ok(result) => results.push(result),
                Err(panic) => panic::resume_unwind(panic),
            }
        }
        results
    })
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() {
    let mut numbers: Vec<u64> = (1..=1000).collect();
    let one_by_one: u64 = numbers.iter().map(|n| n * n).sum();

    let sums = map_parts(&mut numbers, 4, square_all);

    let total: u64 = sums.iter().sum();
    println!("the squares add up to {total}, one by one to {one_by_one}");
    println!(
        "the numbers are squared in place: {:?}, ..., {}",
        &numbers[..4],
        numbers[999]
    );
}

/// Squares the numbers in place, and returns their sum.
fn square_all(numbers: &mut [u64]) -> u64 {
    let mut sum = 0;
    for number in numbers {
        *number *= *number;
        sum += *number;
    }
    sum
}
