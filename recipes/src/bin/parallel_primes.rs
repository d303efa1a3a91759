//! Count the primes below N on all cores, with one line of rayon.
//!
//! Use it when the same question is asked of many numbers, rows or files, and each answer takes a
//! computation. `into_par_iter` takes the place of an iterator: rayon cuts the range in halves, and
//! cuts again wherever a thread has nothing left to do. So the large numbers, which take longer, do
//! not keep one core busy while the others wait.
//!
//! - There are no chunks to choose. For items that take less than a microsecond,
//!   `with_min_len(1000)` says that a part has at least 1000 of them, as `chunksize=1000` does in
//!   Python.
//! - A range of `u64` has no `with_min_len`: it may be longer than a `usize` can count.
//! - For another number of threads set `RAYON_NUM_THREADS`. Measure with `cargo run --release`.
//! - Results in order: `rayon_map`. Stop at the first hit: `hash_cracker`. Progress:
//!   `rayon_progress`. In processes, for code that may crash: `cpu_across_processes`.
//!
//! Python: `sum(executor.map(is_prime, numbers, chunksize=1000))` in a `ProcessPoolExecutor`
//! Needs: `cargo add rayon@1`
//! Demo needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p recipes --bin parallel_primes
//! 17984 primes below 200000
//!
//! $ cargo run -p recipes --bin parallel_primes -- 1000000
//! 78498 primes below 1000000
//! ```

use rayon::prelude::*;

/// Counts the primes below `limit` on all threads of rayon's pool.
pub fn count_primes(limit: u32) -> usize {
    let numbers = (0..limit).into_par_iter();
    numbers.filter(|number| is_prime(*number)).count()
}

/// Tries all divisors up to the square root.
pub fn is_prime(number: u32) -> bool {
    let mut divisors = 2..=number.isqrt();
    number >= 2 && divisors.all(|divisor| !number.is_multiple_of(divisor))
}

// ---- Demo ----------------------------------------------------------------------------------

use clap::Parser;

#[derive(Parser)]
struct Args {
    /// Count the primes below this number
    #[arg(default_value_t = 200_000)]
    limit: u32,
}

fn main() {
    let args = Args::parse();
    let primes = count_primes(args.limit);
    println!("{primes} primes below {}", args.limit);
}
