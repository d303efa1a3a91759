//! Count the primes below N on all cores: one line of rayon.
//!
//! Use it when the same question is asked of many numbers, rows or files, and the answer takes a
//! computation. rayon cuts the range in halves, and again wherever a thread has nothing left to
//! do, so the expensive end of the range does not hold up anybody. There is no chunk size to
//! tune: `with_min_len(n)` stands where Python has `chunksize`, and says only that no part is cut
//! to fewer than n, for items done in less than a microsecond. A range of `u64` has no
//! `with_min_len`: its length may not fit a `usize`. A panic reaches the caller when the other
//! parts are done. With results in order: `rayon_map`. In processes, for code that may crash:
//! `cpu_across_processes`. To stop at the first hit: `hash_cracker`.
//!
//! Python: `sum(executor.map(is_prime, numbers, chunksize=1000))` in a `ProcessPoolExecutor`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p recipes --bin parallel_primes
//! in turn:   17984 primes below 200000 in [..]
//! 2 workers: 17984 primes below 200000 in [..]
//! 2 workers met in the middle of it, 1000 numbers at least in each of their jobs
//!
//! $ cargo run -p recipes --bin parallel_primes -- --below 1000 --least 300
//! in turn:   168 primes below 1000 in [..]
//! 2 workers: 168 primes below 1000 in [..]
//! 2 workers met in the middle of it, 300 numbers at least in each of their jobs
//!
//! $ cargo run -p recipes --bin parallel_primes -- --below 1000 --workers 8
//! in turn:   168 primes below 1000 in [..]
//! 8 workers: 168 primes below 1000 in [..]
//! 1 worker met in the middle of it, 1000 numbers at least in each of their jobs
//!
//! $ cargo run -p recipes --bin parallel_primes -- --below -1
//! ? 2
//! error: unexpected argument '-1' found
//! ...
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::io::{Write, stdout};
use std::ops::Range;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};
use rayon::prelude::*;

/// How many of the numbers pass the test. Runs on all threads of the pool: rayon's own, or the one
/// that `install`s this call. No job has fewer than `least` numbers, unless there are fewer in all.
///
/// # Panics
/// With the panic of `test`, when the other jobs have ended.
pub fn count_in_parallel(
    numbers: Range<u32>,
    least: usize,
    test: impl Fn(u32) -> bool + Sync,
) -> usize {
    numbers
        .into_par_iter()
        .with_min_len(least)
        .filter(|&number| test(number))
        .count()
}

/// Whether the number is a prime, by trying every odd divisor up to its root.
pub fn is_prime(n: u32) -> bool {
    let odd = n > 2 && !n.is_multiple_of(2);
    n == 2
        || odd
            && (3..=n.isqrt())
                .step_by(2)
                .all(|divisor| !n.is_multiple_of(divisor))
}

#[derive(Parser)]
struct Args {
    /// Count the primes below N
    #[arg(long, value_name = "N", default_value_t = 200_000,
        value_parser = value_parser!(u32).range(..=100_000_000))]
    below: u32,

    /// How many threads the pool has; rayon's own has as many as there are cores
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = value_parser!(u16).range(1..=1000))]
    workers: u16,

    /// How many numbers a job has at least
    #[arg(long, value_name = "N", default_value_t = 1000)]
    least: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Args {
        below,
        workers,
        least,
    } = Args::parse();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers.into())
        .build()?;

    let start = Instant::now();
    let in_turn = (0..below).filter(|&n| is_prime(n)).count();
    writeln!(
        stdout(),
        "in turn:   {in_turn} primes below {below} in {:.1?}",
        start.elapsed()
    )?;
    let start = Instant::now();
    let primes = pool.install(|| count_in_parallel(0..below, least, is_prime));
    writeln!(
        stdout(),
        "{workers} workers: {primes} primes below {below} in {:.1?}",
        start.elapsed()
    )?;

    // The same once more, where each worker waits with its first number until all are there.
    let expected = parts(below as usize, least).min(workers.into());
    let (here, came, start) = (Mutex::new(BTreeSet::new()), Condvar::new(), Instant::now());
    let meet_and_test = |number| {
        let mut here = here.lock().unwrap(); // nothing panics under this lock
        here.extend(rayon::current_thread_index());
        came.notify_all();
        let patience = Duration::from_secs(2).saturating_sub(start.elapsed());
        drop(came.wait_timeout_while(here, patience, |here| here.len() < expected));
        is_prime(number)
    };
    let counted = pool.install(|| count_in_parallel(0..below, least, meet_and_test));
    let met = here.into_inner()?.len();
    let s = if met == 1 { "" } else { "s" };
    writeln!(
        stdout(),
        "{met} worker{s} met in the middle of it, {least} numbers at least in each of their jobs"
    )?;

    let known = below != 200_000 || primes == 17_984;
    let held = known && primes == in_turn && counted == in_turn && met == expected;
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Into how many jobs so many items can be cut, by halves of at least `least`.
fn parts(items: usize, least: usize) -> usize {
    match items / 2 {
        0 => items,
        half if half < least => 1,
        half => parts(half, least) + parts(items - half, least),
    }
}
