//! Divide and conquer with `rayon::join`: quicksort, whose two halves are sorted at the same time.
//!
//! Use it where a problem falls into two that have nothing to do with each other: `join` takes
//! two closures and returns both results. It does the first itself and offers the second to the
//! pool; if no thread has taken it by then, it does that too. So a recursion costs no threads, and
//! whoever waits works meanwhile: one worker is enough. The borrow checker sees that the halves do
//! not overlap. The cut is at the median, so that no input makes it deep. Parts of at most `alone`
//! items are not cut further: a join is cheap, but not as cheap as a comparison. A panic in one
//! half reaches the caller when the other half has ended. For sorting alone there is
//! `par_sort_unstable`; for many items and one function, `rayon_map`.
//!
//! Python: two `submit`, each waits in its own pool for two more: hangs once all workers wait.
//! Copy: `quicksort`; `quicksort_in_turn` is what it replaces.
//! Needs: `cargo add clap@4 -F derive`, `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p threading --bin rayon_join
//! in turn:   100000 numbers, sorted: true, in 128 parts of at most 1000
//! 2 workers: 100000 numbers, sorted: true, in 128 parts; 2 workers met in the work
//!
//! $ cargo run -p threading --bin rayon_join -- --workers 1 --alone 10
//! in turn:   100000 numbers, sorted: true, in 16384 parts of at most 10
//! 1 workers: 100000 numbers, sorted: true, in 16384 parts; 1 workers met in the work
//!
//! $ cargo run -p threading --bin rayon_join -- --numbers 0
//! in turn:   0 numbers, sorted: true, in 1 parts of at most 1000
//! ...
//!
//! $ cargo run -p threading --bin rayon_join -- --panic
//!
//! thread '<unnamed>' ([..]) panicked at threading/src/bin/rayon_join.rs:[..]
//! cannot sort 0
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! the caller saw the panic: cannot sort 0
//! the other parts had ended by then: 127 of 128; no number is lost: true
//! ```

use std::collections::BTreeSet;
use std::error::Error;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};
use rayon::ThreadPool;

/// Sorts `items`: cuts them at the median until a part has at most `alone` items, which are
/// sorted by `sort`, such as `<[_]>::sort_unstable`.
pub fn quicksort_in_turn<T: Ord>(items: &mut [T], alone: usize, sort: &impl Fn(&mut [T])) {
    if items.len() <= alone {
        return sort(items);
    }
    let (smaller, _median, larger) = items.select_nth_unstable(items.len() / 2);
    quicksort_in_turn(smaller, alone, sort);
    quicksort_in_turn(larger, alone, sort);
}

/// The same with all threads of the pool: rayon's own, or the one that `install`s this call.
///
/// # Panics
/// With the panic of `sort` or of a comparison, when everything else that was begun has ended.
/// All items are there still, in no order.
pub fn quicksort<T: Ord + Send>(items: &mut [T], alone: usize, sort: &(impl Fn(&mut [T]) + Sync)) {
    if items.len() <= alone {
        return sort(items);
    }
    let (smaller, _median, larger) = items.select_nth_unstable(items.len() / 2);
    rayon::join(
        || quicksort(smaller, alone, sort),
        || quicksort(larger, alone, sort),
    );
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many numbers to sort
    #[arg(long, value_name = "N", default_value_t = 100_000,
        value_parser = value_parser!(u32).range(..=1_000_000))]
    numbers: u32,

    /// How many threads the pool has; rayon's own has as many as there are cores
    #[arg(long, value_name = "N", default_value_t = 2,
        value_parser = value_parser!(u16).range(1..=64))]
    workers: u16,

    /// Do not cut parts of at most N numbers
    #[arg(long, value_name = "N", default_value_t = 1000)]
    alone: usize,

    /// Let the part with 0 in it panic
    #[arg(long)]
    panic: bool,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Args {
        numbers,
        workers,
        alone,
        panic,
    } = Args::parse();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers.into())
        .build()?;
    // Times an odd number, modulo a power of two: every number once, well mixed.
    let size = numbers.next_power_of_two();
    let mixed = (0..size).map(|n| n.wrapping_mul(2_654_435_761) % size);
    let mixed: Vec<u32> = mixed.filter(|&n| n < numbers).collect();
    if panic {
        return Ok(panic_in_a_part(&pool, mixed, alone));
    }

    let (mut sorted, parts) = (mixed.clone(), AtomicUsize::new(0));
    quicksort_in_turn(&mut sorted, alone, &|part| {
        parts.fetch_add(1, Relaxed); // a count, nothing else: no order is needed
        part.sort_unstable();
    });
    let (is_sorted, parts) = (sorted.into_iter().eq(0..numbers), parts.into_inner());
    println!(
        "in turn:   {numbers} numbers, sorted: {is_sorted}, in {parts} parts of at most {alone}"
    );
    let mut held = is_sorted;

    let (mut sorted, done) = (mixed, AtomicUsize::new(0));
    let (here, came, start) = (Mutex::new(BTreeSet::new()), Condvar::new(), Instant::now());
    let expected = parts.min(workers.into());
    let sort = |part: &mut [u32]| {
        // Nobody goes on before all are here, or the first might do it alone.
        let mut here = here.lock().unwrap(); // nothing panics under this lock
        let patience = Duration::from_secs(2).saturating_sub(start.elapsed());
        if !patience.is_zero() {
            here.extend(rayon::current_thread_index());
            came.notify_all();
            drop(came.wait_timeout_while(here, patience, |here| here.len() < expected));
        }
        done.fetch_add(1, Relaxed);
        part.sort_unstable();
    };
    pool.install(|| quicksort(&mut sorted, alone, &sort));
    let (is_sorted, met) = (sorted.into_iter().eq(0..numbers), here.into_inner()?.len());
    let done = done.into_inner();
    println!(
        "{workers} workers: {numbers} numbers, sorted: {is_sorted}, in {done} parts; {met} workers met in the work"
    );
    held &= is_sorted && (done, met) == (parts, expected);
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn panic_in_a_part(pool: &ThreadPool, mut numbers: Vec<u32>, alone: usize) -> ExitCode {
    let (count, parts, done) = (numbers.len(), AtomicUsize::new(0), AtomicUsize::new(0));
    let sort = |part: &mut [u32]| {
        parts.fetch_add(1, Relaxed);
        assert!(!part.contains(&0), "cannot sort 0");
        part.sort_unstable();
        done.fetch_add(1, Relaxed);
    };
    let sorting = || pool.install(|| quicksort(&mut numbers, alone, &sort));
    let panicked = panic::catch_unwind(AssertUnwindSafe(sorting));
    let message = panicked
        .as_ref()
        .err()
        .and_then(|panic| panic.downcast_ref::<&str>());
    println!("the caller saw the panic: {}", message.unwrap_or(&"none"));
    let [parts, done] = [parts, done].map(AtomicUsize::into_inner);
    let whole = numbers.into_iter().collect::<BTreeSet<_>>().len() == count;
    println!("the other parts had ended by then: {done} of {parts}; no number is lost: {whole}");
    let held = message == Some(&"cannot sort 0") && done + 1 == parts && whole;
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
