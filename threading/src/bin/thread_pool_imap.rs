//! Map an endless input in a few threads; it is read only as far as the results are taken.
//!
//! Use it for input that is too long for memory, or has no end: lines of a log, rows of a cursor,
//! numbers to try. `imap` is an iterator over the results, in the order of the input. It reads on,
//! in the thread of the caller, only when a result is taken, so at most `workers + queue` items are
//! on their way, and before it waits it reads on until so many are: of an input that is still being
//! written a result comes only after the lines behind it; a slow item at the front holds up those
//! behind it. Dropping it cancels what is queued, and the `thread::scope` waits for what runs. A
//! panic in a worker reaches the caller when its turn comes. A list that fits into memory:
//! `thread_pool_map`. For computing there is rayon's `par_bridge`, which keeps no order and reads
//! on whether anyone takes results or not.
//!
//! Python: `ThreadPool.imap`, which reads all of its input at once; `Executor.map(buffersize=n)`
//! since 3.14.
//! Copy: `imap`, `Results` and `Job`.
//! Needs: `cargo add crossbeam@0.8`, `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool_imap
//! 1000 squares of an endless input, in order: true
//! read ahead: at most 6, with 4 workers and a queue of 2
//! dropped after one: 6 were read, 5 begun, the others canceled
//!
//! $ cargo run -p threading --bin thread_pool_imap -- --workers 1 --queue 0 --take 3
//! 3 squares of an endless input, in order: true
//! read ahead: at most 1, with 1 workers and a queue of 0
//! dropped after one: 1 were read, 1 begun, the others canceled
//! ```

use std::cell::Cell;
use std::collections::VecDeque;
use std::marker::PhantomData;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};
use std::thread::{self, Scope};
use std::time::Duration;

use clap::Parser;
use crossbeam::channel::{Receiver, Sender, bounded};

/// Starts `workers` threads in `scope` that call `work` on the items of `input`, and returns the
/// results in the order of the input. At most `workers + queue` items are read and not yet taken;
/// nothing is read before the first result is asked for.
///
/// # Panics
/// If the system has no more threads to give. A panic of `work` comes out of `next`, in its turn.
pub fn imap<'scope, I: IntoIterator<Item: Send + 'scope>, R: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    workers: NonZeroUsize,
    queue: usize,
    input: I,
    work: impl Fn(I::Item) -> R + Clone + Send + 'scope,
) -> Results<'scope, I::IntoIter, R> {
    let (jobs, queued) = bounded::<Job<I::Item, R>>(workers.get() + queue);
    for _ in 0..workers.get() {
        let (queued, work) = (queued.clone(), work.clone());
        scope.spawn(move || {
            for (item, report) in queued {
                let result = catch_unwind(AssertUnwindSafe(|| work(item)));
                let _ = report.send(result); // fails if nobody takes it any more
            }
        });
    }
    let input = input.into_iter();
    Results {
        input,
        jobs,
        queued,
        pending: VecDeque::new(),
        scope: PhantomData,
    }
}

/// An item, and where its result goes.
type Job<T, R> = (T, mpsc::SyncSender<thread::Result<R>>);

/// The results of [`imap`], in the order of its input. Dropping them ends the workers; the scope
/// waits for that, so they cannot leave it.
pub struct Results<'scope, I: Iterator, R> {
    input: I,
    jobs: Sender<Job<I::Item, R>>,
    queued: Receiver<Job<I::Item, R>>,
    pending: VecDeque<mpsc::Receiver<thread::Result<R>>>,
    scope: PhantomData<&'scope ()>,
}

impl<I: Iterator, R> Iterator for Results<'_, I, R> {
    type Item = R;

    fn next(&mut self) -> Option<R> {
        while Some(self.pending.len()) < self.jobs.capacity() {
            let Some(item) = self.input.next() else { break };
            let (report, result) = mpsc::sync_channel(1);
            self.jobs.send((item, report)).expect("`queued` receives");
            self.pending.push_back(result);
        }
        let result = self.pending.pop_front()?.recv().expect("every job reports");
        Some(result.unwrap_or_else(|panic| resume_unwind(panic)))
    }
}

impl<I: Iterator, R> Drop for Results<'_, I, R> {
    fn drop(&mut self) {
        self.queued.try_iter().for_each(drop); // or the workers would still do these
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many items at once
    #[arg(long, value_name = "N", default_value = "4")]
    workers: NonZeroUsize,

    /// How many more are read ahead
    #[arg(long, value_name = "N", default_value_t = 2)]
    queue: usize,

    /// How many results to take
    #[arg(long, value_name = "N", default_value_t = 1000)]
    take: usize,
}

fn main() -> ExitCode {
    let Args {
        workers,
        queue,
        take,
    } = Args::parse();
    let ahead = workers.get() + queue;
    let (taken, most) = (Cell::new(0), Cell::new(0));
    let endless = (1..).inspect(|read| most.set(most.get().max(read - taken.get())));
    let in_order = thread::scope(|s| {
        let squares = imap(s, workers, queue, endless, |n: usize| n * n).take(take);
        squares
            .inspect(|_| taken.set(taken.get() + 1))
            .eq((1..=take).map(|n| n * n))
    });
    println!(
        "{} squares of an endless input, in order: {in_order}",
        taken.get()
    );
    println!(
        "read ahead: at most {}, with {workers} workers and a queue of {queue}",
        most.get()
    );

    // The first item passes. The others are held by a gate until the iterator is dropped.
    let gate = Mutex::new(());
    let (begin, begun) = mpsc::channel();
    let expected = ahead.min(1 + workers.get());
    let mut count = thread::scope(|s| {
        let shut = gate.lock();
        let gate = &gate;
        let mut results = imap(s, workers, queue, 1.., move |n: usize| {
            begin.send(()).expect("main counts");
            drop((n > 1).then(|| gate.lock()));
        });
        results.next();
        let begun = (0..expected).map_while(|_| begun.recv_timeout(Duration::from_secs(2)).ok());
        let count = begun.count();
        drop((results, shut)); // in this order
        count
    });
    count += begun.iter().count(); // ends: the workers are gone, with their senders
    println!("dropped after one: {ahead} were read, {count} begun, the others canceled");
    let held = in_order && (take == 0 || most.get() == ahead) && count == expected;
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
