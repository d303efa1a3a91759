//! Show a progress bar for a parallel loop: `.progress()`, from indicatif's rayon feature.
//!
//! Use it for a loop that takes longer than a user likes to wait. `.progress()` counts the items
//! that pass it, so put it after the work. The bar is drawn on stderr, if that is a terminal, and
//! disappears when the loop ends.
//!
//! - After a `filter` or a `par_bridge` the number of items is not known: `.progress_count(100)`.
//! - To choose what the bar looks like: `.progress_with(bar)`, where `bar` has a `ProgressStyle`.
//! - A `println!` breaks the bar. Make the bar yourself, and use its `println` or `suspend`.
//! - For a log instead of a terminal: `progress_report`.
//!
//! Python: `for result in tqdm(pool.imap(f, items), total=100)`
//! Needs: `cargo add indicatif@0.18 -F rayon`, `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p threading --bin rayon_progress
//! 9592 primes below 100000
//! ```

use std::ops::Range;

use indicatif::ParallelProgressIterator;
use rayon::prelude::*;

fn main() {
    let ranges: Vec<_> = (0..100).map(|n| n * 1000..(n + 1) * 1000).collect();

    let counts = ranges.par_iter().map(count_primes).progress();
    let primes: usize = counts.sum();

    println!("{primes} primes below 100000");
}

fn count_primes(range: &Range<u32>) -> usize {
    range.clone().filter(|n| is_prime(*n)).count()
}

/// Slow on purpose, so that there is something to see.
fn is_prime(n: u32) -> bool {
    n >= 2 && (2..n).all(|divisor| !n.is_multiple_of(divisor))
}
