//! A rayon pool whose workers have names, a start-up step that may fail, and a panic handler.
//!
//! Use it when each worker needs something of its own that is dear to make: a connection, a
//! parser, a buffer. `start` runs once in each thread before it takes a job; what it returns is
//! dropped there when the pool ends, and what it puts into thread-locals, the jobs find there.
//! If it fails, there is no pool, and the workers that had started have ended. The panic of a job
//! given to `spawn` goes to the handler (without one, rayon aborts the process); that of
//! `install`, `scope` and `par_iter` goes to who waits for it. Rayon's own `map_init` is another
//! thing: it runs for each piece of the work, not once for each worker.
//!
//! Python: `ThreadPoolExecutor(initializer=start, initargs=(), thread_name_prefix="worker")`; if
//! `start` fails there, every job raises `BrokenThreadPool`.
//! Copy: `with_pool`.
//! Needs: `cargo add rayon@1`, `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool_initializer
//! 4 workers: ["worker-0", "worker-1", "worker-2", "worker-3"], their sessions: [0, 1, 2, 3]
//! 100 jobs: 4 sessions made; by `map_init`, for each piece: 100
//! a job panics: the handler got Some("no page 13"); 4 workers answer
//! the pool has ended: 0 sessions left
//! worker 3 does not start: no database; started before it: 3, left: 0
//!
//! $ cargo run -p threading --bin thread_pool_initializer -- --workers 1
//! 1 workers: ["worker-0"], their sessions: [0]
//! 100 jobs: 1 sessions made; by `map_init`, for each piece: 100
//! a job panics: the handler got Some("no page 13"); 1 workers answer
//! the pool has ended: 0 sessions left
//! worker 0 does not start: no database; started before it: 0, left: 0
//! ```

use std::any::Any;
use std::cell::Cell;
use std::num::{NonZeroU8, NonZeroUsize};
use std::panic::resume_unwind;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::{io, thread, time::Duration};

use clap::Parser;
use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuildError, ThreadPoolBuilder};

/// Starts a pool of `workers` threads, calls `use_pool` with it, and joins the threads, after all
/// jobs that were given to `spawn` have ended. `start` is called once in each thread, with its
/// index, one thread after the other; its value is dropped there at the end. `on_panic` gets the
/// panic of a job that nobody waits for.
///
/// The error is that of `start`, or of the system if it has no more threads to give.
///
/// # Panics
/// If `start`, `use_pool` or the drop of what `start` returned panics.
pub fn with_pool<S, R>(
    workers: NonZeroUsize,
    name: &str,
    start: impl Fn(usize) -> io::Result<S> + Sync,
    on_panic: impl Fn(Box<dyn Any + Send>) + Send + Sync + 'static,
    use_pool: impl FnOnce(&ThreadPool) -> R,
) -> Result<R, ThreadPoolBuildError> {
    let start = &start;
    thread::scope(|s| {
        let pool = ThreadPoolBuilder::new()
            .num_threads(workers.get())
            .panic_handler(on_panic)
            .spawn_handler(|worker| {
                let (report, started) = mpsc::sync_channel(1);
                let thread = thread::Builder::new().name(format!("{name}-{}", worker.index()));
                thread.spawn_scoped(s, move || {
                    match start(worker.index()) {
                        Err(error) => drop(report.send(Err(error))), // the builder waits for it
                        Ok(_state) => {
                            drop(report.send(Ok(())));
                            worker.run();
                        }
                    }
                })?;
                started
                    .recv()
                    .unwrap_or_else(|_| Err(io::Error::other("`start` panicked")))
            })
            .build()?;
        Ok(use_pool(&pool))
    })
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many workers
    #[arg(long, value_name = "N", default_value = "4")]
    workers: NonZeroU8,
}

/// Stands for a connection to a database.
struct Session;

static MADE: AtomicUsize = AtomicUsize::new(0);
static LEFT: AtomicUsize = AtomicUsize::new(0);
thread_local!(static NUMBER: Cell<usize> = const { Cell::new(usize::MAX) });

impl Session {
    fn open(number: usize) -> io::Result<Self> {
        NUMBER.set(number);
        MADE.fetch_add(1, Relaxed);
        LEFT.fetch_add(1, Relaxed);
        Ok(Self)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        LEFT.fetch_sub(1, Relaxed);
    }
}

fn main() -> Result<ExitCode, ThreadPoolBuildError> {
    let workers = NonZeroUsize::from(Args::parse().workers);
    let (panicked, panics) = mpsc::sync_channel(1);
    let on_panic = move |panic: Box<dyn Any + Send>| {
        let _ = panicked.try_send(panic.downcast_ref::<&str>().copied());
    };
    let held = with_pool(workers, "worker", Session::open, on_panic, |pool| {
        let names = pool.broadcast(|_| thread::current().name().unwrap_or_default().to_owned());
        let numbers = pool.broadcast(|_| NUMBER.get());
        println!("{workers} workers: {names:?}, their sessions: {numbers:?}");

        let pieces = AtomicUsize::new(0);
        let served = pool.install(|| {
            let jobs = (0..100).into_par_iter().with_max_len(1);
            let numbers = jobs.map_init(|| pieces.fetch_add(1, Relaxed), |_, _| NUMBER.get());
            numbers.filter(|&number| number < workers.get()).count()
        });
        let (made, pieces) = (MADE.load(Relaxed), pieces.into_inner());
        println!("{served} jobs: {made} sessions made; by `map_init`, for each piece: {pieces}");

        pool.spawn(|| resume_unwind(Box::new("no page 13"))); // a panic, without the report
        let panic = panics.recv_timeout(Duration::from_secs(2)).ok().flatten();
        let alive = pool.broadcast(|_| ()).len();
        println!("a job panics: the handler got {panic:?}; {alive} workers answer");
        let expected: Vec<_> = (0..workers.get()).map(|n| format!("worker-{n}")).collect();
        (names, numbers, panic) == (expected, (0..workers.get()).collect(), Some("no page 13"))
            && (made, served, alive) == (workers.get(), 100, workers.get())
    })?;
    let left = LEFT.load(Relaxed);
    println!("the pool has ended: {left} sessions left");

    let last = workers.get() - 1;
    let fail = |n| {
        if n < last {
            Session::open(n)
        } else {
            Err(io::Error::other("no database"))
        }
    };
    let failed = with_pool(workers, "worker", fail, |_| (), |_| ());
    let error = failed
        .err()
        .map_or_else(String::new, |error| error.to_string());
    let (made, still) = (MADE.load(Relaxed) - workers.get(), LEFT.load(Relaxed));
    println!("worker {last} does not start: {error}; started before it: {made}, left: {still}");
    let held = held && (left, made, still, &*error) == (0, last, 0, "no database");
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
