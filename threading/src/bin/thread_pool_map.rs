//! Call a blocking function on every item of a list, on a few threads: results in order.
//!
//! Use it for a list that you have as a whole: files, rows, addresses. A thread that is done with
//! an item takes the next one, so a slow item holds up only its own thread. `map` returns all
//! results in the order of the items. `map_as_completed` hands over each one when it is there.
//!
//! - `work` may return a `Result`: then a failure is a result like any other. To stop at the first
//!   one: `thread_pool_first_error`.
//! - Items without an end: `thread_pool_imap`. Items that come one at a time: `thread_pool`.
//! - Work that computes instead of waiting: `rayon_map`.
//!
//! Python: `executor.map(f, items)`, and `as_completed` with a dict from each future to its item
//! Needs: nothing
//! Tested: `threading/tests/proof/thread_pool_map.rs`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool_map
//! in order: ["<h1>news</h1>", "<h1>mail</h1>", "<h1>feed</h1>"]
//! 1 of 3: [..], 13 bytes
//! 2 of 3: [..], 13 bytes
//! 3 of 3: [..], 13 bytes
//! ```

use std::sync::{Mutex, mpsc};
use std::thread;

/// Calls `work` on each of `items`, on `threads` threads, and returns the results in the order of
/// the items.
///
/// # Panics
/// If `threads` is 0, the system has no more threads to give, or `work` panics. In the last case
/// the other threads finish the list first.
pub fn map<T, R>(items: &[T], threads: usize, work: impl Fn(&T) -> R + Sync) -> Vec<R>
where
    T: Sync,
    R: Send,
{
    let mut results = Vec::new();
    map_as_completed(items, threads, work, |index, result| {
        results.push((index, result));
    });
    results.sort_by_key(|(index, _)| *index);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Calls `work` on each of `items`, on `threads` threads, and `on_result` on the calling thread
/// with the index of an item and its result, in the order in which the calls of `work` end.
///
/// # Panics
/// As [`map`] does, and if `on_result` panics. Then each thread does at most one more item.
pub fn map_as_completed<T, R>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> R + Sync,
    mut on_result: impl FnMut(usize, R),
) where
    T: Sync,
    R: Send,
{
    assert!(threads > 0, "without threads nothing is done");
    // References, so that the closure of each thread can take a copy of them.
    let queue = &Mutex::new(items.iter().enumerate());
    let work = &work;
    let (sender, results) = mpsc::sync_channel(threads);
    thread::scope(|scope| {
        for _ in 0..threads {
            let sender = sender.clone();
            scope.spawn(move || {
                loop {
                    // A statement of its own, so that the lock is free while `work` runs.
                    let next = queue.lock().unwrap().next();
                    let Some((index, item)) = next else { break };
                    let sent = sender.send((index, work(item)));
                    if sent.is_err() {
                        break; // `on_result` has panicked
                    }
                }
            });
        }
        drop(sender); // the results end when the last thread drops its own
        for (index, result) in results {
            on_result(index, result);
        }
    });
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

fn main() {
    let pages = ["news", "mail", "feed"];

    let bodies = map(&pages, 2, |page| fetch(page));
    println!("in order: {bodies:?}");

    let mut completed = 0;
    let report = |index, body: String| {
        completed += 1;
        println!("{completed} of 3: {}, {} bytes", pages[index], body.len());
    };
    map_as_completed(&pages, 2, |page| fetch(page), report);
}

/// Stands for a request.
fn fetch(page: &str) -> String {
    thread::sleep(Duration::from_millis(20));
    format!("<h1>{page}</h1>")
}
