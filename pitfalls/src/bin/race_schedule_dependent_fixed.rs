//! Fixed: a sum is cut into parts of one size, so every machine gets the same answer.
//!
//! The size of the parts depends on the input alone, and `collect` keeps them in order. So the same
//! numbers are added in the same order, whoever adds them. The cost is a small `Vec`. The answer is
//! still rounded, but the same everywhere. Random numbers need the same care: a seed for each item,
//! not a generator for each thread.
//!
//! Python: `math.fsum(numbers)`, which rounds once, at the end
//! Broken: `race_schedule_dependent_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_schedule_dependent_fixed
//! threads: 1, sum: 12.090146129863395
//! threads: 2, sum: 12.090146129863395
//! ```

use std::process::ExitCode;

use rayon::prelude::*;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

/// Adds up `numbers` on all threads of the pool.
pub fn parallel_sum(numbers: &[f64]) -> f64 {
    let part = 4096; // FIXED: never changes; another size would be another answer
    let sums: Vec<f64> = numbers.par_chunks(part).map(sum).collect();
    sum(&sums)
}

fn sum(numbers: &[f64]) -> f64 {
    numbers.iter().sum()
}

fn main() -> Result<ExitCode, ThreadPoolBuildError> {
    let numbers: Vec<f64> = (1..=100_000).map(|n| 1.0 / f64::from(n)).collect();
    let mut sums = Vec::new();
    for threads in [1, 2] {
        let pool = ThreadPoolBuilder::new().num_threads(threads).build()?;
        let sum = pool.install(|| parallel_sum(&numbers));
        println!("threads: {threads}, sum: {sum}");
        sums.push(sum.to_bits());
    }
    if sums[0] == sums[1] {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
