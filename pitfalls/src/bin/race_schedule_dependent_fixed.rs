//! Fixed: a sum is cut into parts of one size, so every machine gets the same answer.
//!
//! The parts depend on the input alone, and `collect` keeps them in order, so the same numbers
//! are added in the same order whoever adds them. The cost is a small `Vec`, and an answer that
//! still has rounding in it, the same everywhere. Random numbers want the same: a seed for each
//! item, not a generator for each thread.
//!
//! Python: `math.fsum(numbers)`, which rounds once, at the end.
//! Broken: `race_schedule_dependent_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_schedule_dependent_fixed
//! a pool of 1: the sum is 12.090146129863395
//! a pool of 2: the sum is 12.090146129863395
//! the same in every bit: true
//! ```

use std::process::ExitCode;

use rayon::prelude::*;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

/// The sum of `numbers`, on all threads of the pool: the same in every bit for any pool.
pub fn sum(numbers: &[f64]) -> f64 {
    const PART: usize = 4096; // never change it: another size, another answer
    let parts = numbers
        .par_chunks(PART)
        .map(|part| part.iter().sum::<f64>());
    parts.collect::<Vec<_>>().iter().sum() // FIXED: cut by size, added in order
}

// Only for the demo from here on.

fn main() -> Result<ExitCode, ThreadPoolBuildError> {
    let numbers: Vec<f64> = (1..=100_000).map(|i| 1.0 / f64::from(i)).collect();
    let mut sums = Vec::new();
    for threads in [1, 2] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
        let sum = pool.install(|| sum(&numbers));
        println!("a pool of {threads}: the sum is {sum}");
        sums.push(sum.to_bits());
    }
    let same = sums[0] == sums[1];
    println!("the same in every bit: {same}");
    Ok(if same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
