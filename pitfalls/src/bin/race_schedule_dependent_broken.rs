//! Race: a sum is cut by the number of threads, so another machine gets another answer.
//!
//! You see: a parallel sum of floats that is not reproducible: the last digits differ from machine
//! to machine, or from run to run.
//! Why: each addition of floats rounds, so the last digits depend on where the numbers are cut.
//! Here the size of the pool decides that; in `par_iter().sum()` it is which thread happened to be
//! idle.
//! Rule: what the answer depends on comes from the input, never from the threads.
//!
//! Python: `sum(pool.map(sum, batched(numbers, len(numbers) // os.cpu_count())))`
//! Caught by: no lint
//! Fixed: `race_schedule_dependent_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_schedule_dependent_broken
//! ? 1
//! threads: 1, sum: 12.090146129863335
//! threads: 2, sum: 12.090146129863445
//! ```

use std::process::ExitCode;

use rayon::prelude::*;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

/// Adds up `numbers` on all threads of the pool.
pub fn parallel_sum(numbers: &[f64]) -> f64 {
    let threads = rayon::current_num_threads();
    let part = numbers.len().div_ceil(threads).max(1); // BROKEN: depends on the threads
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
