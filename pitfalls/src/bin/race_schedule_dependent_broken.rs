//! Race: a sum is cut by the number of threads, so another machine gets another answer.
//!
//! You see: the last digits differ from machine to machine, or from run to run.
//! Why: each addition of floats rounds, so where the numbers are cut decides the last digits.
//! Here the pool decides that; in `par_iter().sum()` it is which thread happened to be idle.
//! Rule: what the answer depends on comes from the input, never from the threads.
//!
//! Python: `sum(pool.map(sum, batched(numbers, len(numbers) // os.cpu_count())))`, from 3.12 on,
//! where `sum` itself rounds less.
//! Caught by: no lint.
//! Fixed: `race_schedule_dependent_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_schedule_dependent_broken
//! ? 1
//! a pool of 1: the sum is 12.090146129863335
//! a pool of 2: the sum is 12.090146129863445
//! the same in every bit: false
//! ```

use std::process::ExitCode;

use rayon::prelude::*;
use rayon::{ThreadPoolBuildError, ThreadPoolBuilder};

/// The sum of `numbers`, on all threads of the pool.
pub fn sum(numbers: &[f64]) -> f64 {
    let share = numbers.len().div_ceil(rayon::current_num_threads()).max(1);
    numbers
        .par_chunks(share)
        .map(|part| part.iter().sum::<f64>())
        .sum() // BROKEN: cut by threads
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
