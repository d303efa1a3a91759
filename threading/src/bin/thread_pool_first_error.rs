//! Work through a list on a few threads, and stop at the first error: nothing new starts after it.
//!
//! Use it where one failure makes the rest pointless: a migration, an upload in parts. The threads
//! take the items from a shared queue, and an error empties the queue. Calls in progress run to
//! their end, because no thread can be stopped from outside.
//!
//! - You get all results or the errors: several of them if calls in progress fail as well.
//! - A call that takes long can look at a flag, which the failing call sets: `stop_a_thread`.
//! - To keep the results beside the errors: `thread_pool_map`. For computing: `rayon_first_error`.
//!   In async code: `task_group`.
//!
//! Python: `wait(futures, return_when=FIRST_EXCEPTION)`, then `cancel()` on those not yet done
//! Needs: nothing
//! Tested: `threading/tests/proof/thread_pool_first_error.rs`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool_first_error
//! error: the disk is full
//! all 100 uploads started: false
//! ```

use std::collections::VecDeque;
use std::sync::Mutex;
use std::thread;

/// Calls `work` on each of `items`, on `threads` threads, and returns the results in the order of
/// the items.
///
/// # Errors
/// The errors in the order in which they came. The first one empties the queue: no call of `work`
/// starts after that.
///
/// # Panics
/// If `threads` is 0, the system has no more threads to give, or `work` panics. In the last case
/// the other threads finish the list first.
pub fn try_map<T: Sync, R: Send, E: Send>(
    items: &[T],
    threads: usize,
    work: impl Fn(&T) -> Result<R, E> + Sync,
) -> Result<Vec<R>, Vec<E>> {
    assert!(threads > 0, "without threads nothing is done");
    let queue: VecDeque<_> = items.iter().enumerate().collect();
    let queue = Mutex::new(queue);
    let results = Mutex::new(Vec::new());
    let errors = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                loop {
                    // A statement of its own, so that the lock is free while `work` runs.
                    let next = queue.lock().unwrap().pop_front();
                    let Some((index, item)) = next else { break };
                    match work(item) {
                        Ok(result) => results.lock().unwrap().push((index, result)),
                        Err(error) => {
                            queue.lock().unwrap().clear();
                            errors.lock().unwrap().push(error);
                        }
                    }
                }
            });
        }
    });

    let errors = errors.into_inner().unwrap();
    if !errors.is_empty() {
        return Err(errors);
    }
    let mut results = results.into_inner().unwrap();
    results.sort_by_key(|(index, _)| *index);
    Ok(results.into_iter().map(|(_, result)| result).collect())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

fn main() {
    let files: Vec<usize> = (0..100).collect();
    let started = AtomicUsize::new(0);

    let uploaded = try_map(&files, 4, |file| {
        started.fetch_add(1, Relaxed);
        upload(*file)
    });

    match uploaded {
        Ok(bytes) => println!("{} bytes", bytes.iter().sum::<usize>()),
        Err(errors) => println!("error: {}", errors[0]),
    }
    let all_started = started.into_inner() == files.len();
    println!("all 100 uploads started: {all_started}");
}

/// Stands for an upload to a server that has room for three files.
fn upload(file: usize) -> Result<usize, &'static str> {
    if file < 3 {
        Ok(1024)
    } else {
        Err("the disk is full")
    }
}
