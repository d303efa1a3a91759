//! Work off a list in a few threads, and stop at the first failure: no thread goes on after it.
//!
//! Use it where one failure makes the rest pointless: a migration, an upload in parts. A thread
//! looks at the stop flag before it takes the next item. What has started is not interrupted, for
//! nothing can interrupt a thread; long work looks at the flag as well, and returns early. The
//! caller gets all errors, each with its index, for more than one may come while the others end;
//! and no result where there is an error. A panic stops the rest too, and reaches the caller. For
//! computing, rayon stops at the first error of `collect::<Result<_, _>>()`: see
//! `rayon_errors_progress`. To keep the results beside the errors: `thread_pool_map`.
//!
//! Python: `wait(futures, return_when=FIRST_EXCEPTION)`, then `cancel` each that is left: those
//! that run go on, as here.
//! Copy: `try_map`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool_first_error
//! 100 items, 4 threads: 7 started, failed: [(3, "no item 3")], 0 results
//! 3 that had started were told to stop
//!
//! $ cargo run -p threading --bin thread_pool_first_error -- --fails 0 --threads 1
//! 100 items, 1 threads: 1 started, failed: [(0, "no item 0")], 0 results
//! 0 that had started were told to stop
//!
//! $ cargo run -p threading --bin thread_pool_first_error -- --fails 100
//! 100 items, 4 threads: 100 started, failed: [], 100 results
//! 0 that had started were told to stop
//! ```

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use clap::Parser;

/// Calls `work` on each of `items`, in at most `threads` threads, and returns the results in the
/// order of the items. After an error no thread takes another item, unless it was just about
/// to: one more for each of the others, at most. Then the errors are returned, each with
/// the index of its item, in the order in which they came: one, or more if what had started fails
/// too. The function that `work` is given says whether its result is still wanted.
///
/// # Panics
/// With the panic of `work`: it stops the others like an error, and what has started ends first.
/// Also if the system has no more threads to give.
pub fn try_map<T: Sync, R: Send, E: Send>(
    items: &[T],
    threads: NonZeroUsize,
    work: impl Fn(&T, &dyn Fn() -> bool) -> Result<R, E> + Sync,
) -> Result<Vec<R>, Vec<(usize, E)>> {
    let (next, errors) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    let failed = AtomicBool::new(false);
    // Relaxed is enough: results and errors go through `join` and a lock, not through these two.
    let wanted = || !failed.load(Relaxed);
    let run = || {
        let mut results = Vec::new();
        while wanted() {
            let index = next.fetch_add(1, Relaxed);
            let Some(item) = items.get(index) else { break };
            let result = catch_unwind(AssertUnwindSafe(|| work(item, &wanted)));
            failed.fetch_or(!matches!(result, Ok(Ok(_))), Relaxed);
            match result.unwrap_or_else(|panic| resume_unwind(panic)) {
                Ok(result) => results.push((index, result)),
                Err(error) => errors.lock().unwrap().push((index, error)),
            }
        }
        results
    };
    let mut results: Vec<_> = thread::scope(|s| {
        let threads: Vec<_> = (0..threads.get().min(items.len()))
            .map(|_| s.spawn(run))
            .collect();
        let results = threads.into_iter().map(|thread| thread.join());
        results
            .flat_map(|part| part.unwrap_or_else(|panic| resume_unwind(panic)))
            .collect()
    });
    let errors = errors.into_inner().unwrap();
    if !errors.is_empty() {
        return Err(errors);
    }
    results.sort_unstable_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many items at once
    #[arg(long, value_name = "N", default_value = "4")]
    threads: NonZeroUsize,

    /// How many items there are
    #[arg(long, value_name = "N", default_value_t = 100)]
    items: usize,

    /// Which of them fails, counted from 0
    #[arg(long, value_name = "N", default_value_t = 3)]
    fails: usize,
}

fn main() -> ExitCode {
    let Args {
        threads,
        items,
        fails,
    } = Args::parse();
    let numbers: Vec<usize> = (0..items).collect();
    let (started, told) = (AtomicUsize::new(0), AtomicUsize::new(0));
    // When `fails` starts, all items before it have, and every other thread gets one after it.
    let expected = if fails < items {
        items.min(fails.saturating_add(threads.get()))
    } else {
        items
    };

    let result = try_map(&numbers, threads, |&n, wanted| {
        started.fetch_add(1, Relaxed);
        if n == fails {
            wait_until(|| started.load(Relaxed) == expected);
            return Err(format!("no item {n}"));
        }
        if n > fails && wait_until(|| !wanted()) {
            told.fetch_add(1, Relaxed);
        }
        Ok(n)
    });

    let in_order = result.as_ref().is_ok_and(|results| *results == numbers);
    let (started, told) = (started.into_inner(), told.into_inner());
    let (results, failed) = result.map_or_else(|failed| (0, failed), |all| (all.len(), vec![]));
    println!(
        "{items} items, {threads} threads: {started} started, failed: {failed:?}, {results} results"
    );
    println!("{told} that had started were told to stop");
    let held = if fails < items {
        failed.len() == 1
            && failed[0].0 == fails
            && started == expected
            && told == expected - fails - 1
    } else {
        in_order && started == items
    };
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Whether it came true within 2 s.
fn wait_until(mut is_true: impl FnMut() -> bool) -> bool {
    let start = Instant::now();
    while !is_true() && start.elapsed() < Duration::from_secs(2) {
        thread::sleep(Duration::from_millis(1));
    }
    is_true()
}
