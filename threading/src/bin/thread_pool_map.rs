//! Call a blocking function on each item of a list, some at once: results in order or as they end.
//!
//! Use it for a list that is there as a whole: files, rows, addresses. Threads take the items one
//! by one, so a slow item holds up one thread and no other item. `map` returns the results in the
//! order of the items; `map_as_completed` hands each over at once, with the index of its item, for
//! the order in which they end says nothing about which is which. Results may be `Result`s: then
//! a failure is kept like any other. A panic stops the rest: what has begun ends, and the caller
//! gets the panic. To stop at the first error: `thread_pool_first_error`. An input without an end:
//! `thread_pool_imap`. For computing, rayon: its `par_iter` keeps the order, `par_bridge` does not.
//!
//! Python: `list(executor.map(work, items))`, `as_completed(futures)` with a dict from future to
//! item.
//! Copy: `map` and `map_as_completed`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool_map
//! as they ended: [1 -> 1, 2 -> 4, 3 -> 9, 4 -> 16, 5 -> 25, 0 -> 0]
//! in order: [0, 1, 4, 9, 16, 25]
//! a panic: the first is bad; the rest: not begun
//!
//! $ cargo run -p threading --bin thread_pool_map -- --threads 1 --items 3
//! as they ended: [0 -> 0, 1 -> 1, 2 -> 4]
//! in order: [0, 1, 4]
//! a panic: the first is bad; the rest: not begun
//!
//! $ cargo run -p threading --bin thread_pool_map -- --items 0
//! as they ended: []
//! in order: []
//! a panic: the first is bad; the rest: not begun
//! ```

use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use clap::Parser;

/// Calls `work` for each of `items` in at most `threads` threads, and returns the results in the
/// order of the items.
///
/// # Panics
/// As [`map_as_completed`] does.
pub fn map<T: Sync, R: Send>(
    items: &[T],
    threads: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
) -> Vec<R> {
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    map_as_completed(items, threads, work, |index, result| {
        results[index] = Some(result)
    });
    results.into_iter().flatten().collect() // each is there, or it would have panicked
}

/// Calls `work` for each of `items` in at most `threads` threads, and `done` in this one with the
/// index of the item and the result, in the order in which they end. While `done` is busy, at
/// most twice as many results as there are threads wait for it; then the threads wait as well.
///
/// # Panics
/// With the panic of `work` or `done`, as soon as this thread comes to it: those in progress end
/// first, and a thread that has just reported may begin one more. Also if the system has no more
/// threads to give.
pub fn map_as_completed<T: Sync, R: Send>(
    items: &[T],
    threads: NonZeroUsize,
    work: impl Fn(&T) -> R + Sync,
    mut done: impl FnMut(usize, R),
) {
    let threads = threads.get().min(items.len());
    let next = AtomicUsize::new(0);
    let (report, results) = mpsc::sync_channel(threads);
    thread::scope(|s| {
        for _ in 0..threads {
            let (report, next, work) = (report.clone(), &next, &work);
            s.spawn(move || {
                loop {
                    // Relaxed: each index goes to one thread, and no other data hangs on it.
                    let index = next.fetch_add(1, Relaxed);
                    let Some(item) = items.get(index) else { break };
                    let result = catch_unwind(AssertUnwindSafe(|| work(item)));
                    // Fails after a panic: the caller has seen it, and receives no more.
                    if report.send((index, result)).is_err() {
                        break;
                    }
                }
            });
        }
        drop(report);
        for (index, result) in results {
            done(index, result.unwrap_or_else(|panic| resume_unwind(panic)));
        }
    });
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many items at once
    #[arg(long, value_name = "N", default_value = "4")]
    threads: NonZeroUsize,

    /// How many items: the numbers below N, to be squared
    #[arg(long, value_name = "N", default_value_t = 6)]
    items: u16,
}

fn main() -> ExitCode {
    let Args { threads, items } = Args::parse();
    let numbers: Vec<usize> = (0..items.into()).collect();

    // Item 0 is the slowest: it ends after all others. One thread cannot but go in order.
    let mut order = numbers.clone();
    if threads.get() > 1 && items > 0 {
        order.rotate_left(1);
    }
    let ended = (Mutex::new(Vec::new()), Condvar::new());
    let in_turn = |n: &usize| {
        let before = order.iter().position(|number| number == n);
        let early = |ended: &mut Vec<_>| Some(ended.len()) < before;
        let so_far = ended.0.lock().unwrap();
        let _ = ended
            .1
            .wait_timeout_while(so_far, Duration::from_secs(2), early)
            .unwrap();
        n * n
    };
    map_as_completed(&numbers, threads, in_turn, |index, square| {
        ended.0.lock().unwrap().push((index, square));
        ended.1.notify_all();
    });
    let ended = ended.0.into_inner().unwrap();
    let shown: Vec<_> = ended
        .iter()
        .map(|(n, square)| format!("{n} -> {square}"))
        .collect();
    println!("as they ended: [{}]", shown.join(", "));

    let squares = map(&numbers, threads, |n| {
        thread::sleep(Duration::from_millis(if *n == 0 { 10 } else { 0 })); // it ends late
        n * n
    });
    println!("in order: {squares:?}");

    let begun = AtomicUsize::new(0);
    let panicked = catch_unwind(|| {
        map(&[0; 1000], threads, |_| {
            if begun.fetch_add(1, Relaxed) == 0 {
                resume_unwind(Box::new("the first is bad")); // `panic!` without the report
            }
            thread::sleep(Duration::from_millis(1));
        })
    });
    let message = panicked
        .err()
        .and_then(|panic| panic.downcast::<&str>().ok());
    let rest = if begun.into_inner() < 1000 {
        "not begun"
    } else {
        "all begun"
    };
    println!("a panic: {}; the rest: {rest}", message.unwrap_or_default());

    let held = order.iter().map(|&n| (n, n * n)).eq(ended)
        && numbers.iter().map(|n| n * n).eq(squares)
        && rest == "not begun";
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
