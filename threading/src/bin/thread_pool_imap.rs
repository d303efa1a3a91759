//! Map an input without an end on a few threads: it is read only as far as the results are taken.
//!
//! Use it for input that does not fit into memory or never ends: lines of a log, rows of a cursor.
//! `imap` returns an iterator over the results, in the order of the input. Each `next` first reads
//! ahead, until as many items are not yet taken as there are workers, and then waits for the oldest
//! one. Nothing is read before the first `next`.
//!
//! - The input is read on the thread that takes the results. If it waits for more input, so does
//!   `next`, even if a result is ready.
//! - A slow item holds up those behind it.
//! - After the iterator is dropped no more is read. The scope waits for the items already read.
//! - For a list: `thread_pool_map`. For computing: rayon's `par_bridge`, which keeps no order and
//!   reads on whether the results are taken or not.
//!
//! Python: `executor.map(f, items, buffersize=4)` since 3.14; `ThreadPool.imap` reads all its input
//! Needs: `cargo add crossbeam@0.8`
//! Tested: `threading/tests/proof/thread_pool_imap.rs`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool_imap
//! 5 squares of an endless input: [1, 4, 9, 16, 25]
//! 8 numbers were read
//! ```

use std::collections::VecDeque;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc;
use std::thread::Scope;

use crossbeam::channel::bounded;

/// Starts `workers` threads in `scope` that call `work` on the items. Returns an iterator over the
/// results, in the order of the items.
///
/// # Panics
/// If `workers` is 0, or the system has no more threads to give. A panic of `work` comes out of the
/// iterator in place of that result.
pub fn imap<'scope, T: Send + 'scope, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    workers: usize,
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> R + Clone + Send + 'scope,
) -> impl Iterator<Item = R> {
    assert!(workers > 0, "without workers nothing is done");
    let (jobs, queue) = bounded::<(T, mpsc::SyncSender<_>)>(workers);
    for _ in 0..workers {
        let queue = queue.clone();
        let work = work.clone();
        scope.spawn(move || {
            for (item, sender) in queue {
                let result = catch_unwind(AssertUnwindSafe(|| work(item)));
                let _ = sender.send(result); // an error: nobody takes it anymore
            }
        });
    }

    let mut items = items.into_iter().fuse(); // not asked again after its end
    let mut pending = VecDeque::new();
    iter::from_fn(move || {
        while pending.len() < workers {
            let Some(item) = items.next() else { break };
            let (sender, result) = mpsc::sync_channel(1);
            jobs.send((item, sender)).expect("the workers receive");
            pending.push_back(result);
        }
        let oldest = pending.pop_front()?;
        let result = oldest.recv().expect("every job sends its result");
        Some(result.unwrap_or_else(|panic| resume_unwind(panic)))
    })
}

// ---- Demo ----------------------------------------------------------------------------------

use std::cell::Cell;
use std::thread;

fn main() {
    let read = Cell::new(0);
    let numbers = (1..).inspect(|number| read.set(*number));

    let squares: Vec<u64> = thread::scope(|scope| {
        let squares = imap(scope, 4, numbers, |number| number * number);
        squares.take(5).collect()
    });

    println!("5 squares of an endless input: {squares:?}");
    println!("{} numbers were read", read.get());
}
