//! Call a function on every item, on all cores: `iter` becomes `par_iter`, the order stays.
//!
//! Use it for work that computes. The pool is there already, a thread for each core, and the
//! results stand where their items stood. rayon cuts the items in halves, and again where a
//! thread has nothing left to do. Items that are done in less than a microsecond want
//! `with_min_len(n)`: no part is cut to fewer than n. A few large ones of very different sizes want
//! `with_max_len(1)`. A panic reaches the caller, but only when the other parts are done. For an
//! error that stops the rest: `rayon_errors_progress`. `par_bridge` takes any iterator, and does
//! not keep the order. Whatever waits (network, a lock, a channel) holds up the pool for everybody:
//! that belongs in threads of its own, as in `thread_pool`.
//!
//! Python: `multiprocessing.Pool().map(work, items, chunksize=250)`, without processes or pickle.
//! Copy: `map_in_parallel`; `map_in_turn` is what it replaces.
//! Needs: `cargo add clap@4 -F derive`, `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p threading --bin rayon_map
//! 1000 numbers, in turn: 59542 steps, the most for 871: 178
//! in parallel: the same, in the same order: true; 2 workers met in the work
//! jobs: 1000 with with_max_len(1), 4 with with_min_len(250), [..] as rayon sees fit
//! par_bridge, 4 items, 2 workers: the same results: true, the same order: false
//!
//! $ cargo run -p threading --bin rayon_map -- --least 1000
//! ...
//! jobs: 1000 with with_max_len(1), 1 with with_min_len(1000), [..] as rayon sees fit
//! ...
//!
//! $ cargo run -p threading --bin rayon_map -- --numbers 3 --workers 8
//! 3 numbers, in turn: 8 steps, the most for 3: 7
//! in parallel: the same, in the same order: true; 3 workers met in the work
//! ...
//!
//! $ cargo run -p threading --bin rayon_map -- --numbers 0
//! 0 numbers, in turn: 0 steps
//! in parallel: the same, in the same order: true; 0 workers met in the work
//! ...
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};
use rayon::prelude::*;

/// Calls `work` on every item, and returns what it returned, in the order of the items.
pub fn map_in_turn<T, R>(items: &[T], work: impl Fn(&T) -> R) -> Vec<R> {
    items.iter().map(work).collect()
}

/// The same with all threads of the pool: rayon's own, or the one that `install`s this call.
///
/// # Panics
/// With the panic of `work`. It ends the job it happens in; the other jobs are done first.
pub fn map_in_parallel<T, R>(items: &[T], work: impl Fn(&T) -> R + Send + Sync) -> Vec<R>
where
    T: Sync,
    R: Send,
{
    items.par_iter().map(work).collect()
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// Count the steps of the numbers from 1 to N
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = value_parser!(u32).range(..=1_000_000))]
    numbers: u32,

    /// How many threads the pool has; rayon's own has as many as there are cores
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = value_parser!(u16).range(1..=1000))]
    workers: u16,

    /// How many items a job has at least, for the second count of jobs
    #[arg(long, value_name = "N", default_value_t = 250)]
    least: usize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Args {
        numbers,
        workers,
        least,
    } = Args::parse();
    let pool = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build();
    let numbers: Vec<u32> = (1..=numbers).collect();
    let expected = numbers.len().min(workers.into());

    let in_turn = map_in_turn(&numbers, steps);
    let longest = in_turn.iter().zip(&numbers).max();
    let longest = longest.map(|(steps, number)| format!(", the most for {number}: {steps}"));
    let (count, total) = (numbers.len(), in_turn.iter().sum::<u32>());
    println!(
        "{count} numbers, in turn: {total} steps{}",
        longest.unwrap_or_default()
    );

    let (here, came, start) = (Mutex::new(BTreeSet::new()), Condvar::new(), Instant::now());
    let work = |number: &u32| {
        let mut here = here.lock().unwrap(); // nothing panics under this lock
        let patience = PATIENCE.saturating_sub(start.elapsed());
        if !patience.is_zero() {
            here.extend(rayon::current_thread_index()); // and nobody leaves before all are here
            came.notify_all();
            drop(came.wait_timeout_while(here, patience, |here| here.len() < expected));
        }
        steps(number)
    };
    let pool_of_n = pool(workers.into())?;
    let in_parallel = pool_of_n.install(|| map_in_parallel(&numbers, work));
    let (same, met) = (in_parallel == in_turn, here.into_inner()?.len());
    println!("in parallel: the same, in the same order: {same}; {met} workers met in the work");

    let [ones, large, free] = pool_of_n.install(|| {
        [
            jobs(numbers.par_iter().with_max_len(1)),
            jobs(numbers.par_iter().with_min_len(least)),
            jobs(numbers.par_iter()),
        ]
    });
    println!(
        "jobs: {ones} with with_max_len(1), {large} with with_min_len({least}), {free} as rayon sees fit"
    );

    let bridged = pool(2)?.install(bridge);
    let in_order = bridged.is_sorted();
    let all = bridged
        .iter()
        .collect::<BTreeSet<_>>()
        .into_iter()
        .eq(&[0, 1, 2, 3]);
    println!("par_bridge, 4 items, 2 workers: the same results: {all}, the same order: {in_order}");

    let held = same && met == expected && all && !in_order;
    let held = held && ones == count.max(1) && large <= (count / least.max(1)).max(1);
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How many steps the number takes down to 1: halved where it is even, else three times and one.
fn steps(number: &u32) -> u32 {
    let mut number = u64::from(*number);
    let mut steps = 0;
    while number > 1 {
        number = if number.is_multiple_of(2) {
            number / 2
        } else {
            number * 3 + 1
        };
        steps += 1;
    }
    steps
}

/// Into how many jobs rayon cuts the items: for each it makes the value of `for_each_init` anew.
fn jobs(items: impl IndexedParallelIterator) -> usize {
    let jobs = AtomicUsize::new(0);
    items.for_each_init(|| jobs.fetch_add(1, Relaxed), |_, _| ());
    jobs.into_inner()
}

/// The numbers below 4 over `par_bridge`, on two workers. Each of the first two numbers waits
/// until the next one is taken: whoever has 0 also has 2, with 1 in the other's hands.
fn bridge() -> Vec<usize> {
    let (taken, more) = (Mutex::new(0), Condvar::new());
    let take = |number| {
        *taken.lock().unwrap() += 1; // nothing panics under this lock
        more.notify_all();
        let wanted = if number < 2 { number + 2 } else { 0 };
        let taken = taken.lock().unwrap();
        drop(more.wait_timeout_while(taken, PATIENCE, |taken| *taken < wanted));
        number
    };
    (0..4).par_bridge().map(take).collect()
}

const PATIENCE: Duration = Duration::from_secs(2);
