//! Run jobs on a fixed number of threads, with a bounded queue and a handle for each result.
//!
//! Use it for jobs that block (files, databases, old network code) and come one at a time. `submit`
//! blocks while the queue is full, so that callers cannot run ahead of the workers. The
//! panic of a job is returned by its own handle; the worker lives on.
//!
//! - Dropping the pool finishes what is queued and joins the workers.
//! - A job that submits to its own pool, or waits for a job there, can wait forever:
//!   `deadlock_nested_pool`. Nor may a job drop its own pool: no thread can join itself.
//! - Starting a thread for each job instead ends in "failed to spawn thread" once the system has no
//!   more threads: "Resource temporarily unavailable (os error 11)".
//! - For a list of items use `thread_pool_map`, for computing use rayon (`rayon_map`), and in
//!   async code use `tokio::task::spawn_blocking`.
//!
//! Python: `ThreadPoolExecutor(4)`, `submit`, `Future.result(timeout)`; its queue has no bound
//! Needs: `cargo add crossbeam@0.8`
//! Tested: `threading/tests/proof/thread_pool.rs`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool
//! 10 jobs on 4 threads: [0, 1, 4, 9, 16, 25, 36, 49, 64, 81]
//!
//! thread 'worker-[..]' ([..]) panicked at threading/src/bin/thread_pool.rs:[..]
//! no page 13
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! the job panicked: no page 13
//! the next job: page 14
//! ```

use std::mem;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Sender, bounded};

/// Threads that take jobs from a queue, first come, first served.
pub struct ThreadPool {
    jobs: Option<Sender<Job>>, // `None` only while dropping
    workers: Vec<thread::JoinHandle<()>>,
}

type Job = Box<dyn FnOnce() + Send>;

impl ThreadPool {
    /// Starts `workers` threads. At most `capacity` jobs wait for one of them to be free.
    ///
    /// # Panics
    /// If `workers` is 0, or the system has no more threads to give.
    pub fn new(workers: usize, capacity: usize) -> Self {
        assert!(workers > 0, "without workers every job waits forever");
        let (jobs, queue) = bounded::<Job>(capacity);
        let workers = (0..workers)
            .map(|number| {
                let queue = queue.clone();
                let work = move || {
                    for job in queue {
                        // A job catches its own panic. But if its handle is gone, its result is
                        // dropped here, and that `Drop` may panic.
                        if let Err(panic) = catch_unwind(AssertUnwindSafe(job)) {
                            mem::forget(panic); // dropping it could panic again
                        }
                    }
                };
                let thread = thread::Builder::new().name(format!("worker-{number}"));
                thread.spawn(work).expect("the system has a thread to give")
            })
            .collect();
        Self {
            jobs: Some(jobs),
            workers,
        }
    }

    /// Queues `work`, blocking while the queue is full.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> JobHandle<T> {
        let (sender, result) = mpsc::sync_channel(1);
        let job = Box::new(move || {
            let outcome = catch_unwind(AssertUnwindSafe(work));
            let _ = sender.send(outcome); // an error: nobody holds the handle
        });
        let jobs = self.jobs.as_ref().expect("open until dropped");
        jobs.send(job)
            .expect("the workers live as long as the pool");
        JobHandle { result }
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.jobs = None; // closes the queue: the workers finish what is in it and end
        for worker in self.workers.drain(..) {
            let _ = worker.join(); // never an error: no panic ends a worker
        }
    }
}

/// The result of a job, now or later. Dropping it does not stop the job.
pub struct JobHandle<T> {
    result: mpsc::Receiver<thread::Result<T>>,
}

impl<T> JobHandle<T> {
    /// Waits for the job to end.
    ///
    /// # Errors
    /// The panic of the job.
    pub fn join(self) -> thread::Result<T> {
        self.result.recv().expect("every job sends its outcome")
    }

    /// Waits for at most `timeout`, and gives the handle back if the job has not ended by then.
    ///
    /// # Errors
    /// The handle, to wait again.
    pub fn join_timeout(self, timeout: Duration) -> Result<thread::Result<T>, Self> {
        self.result.recv_timeout(timeout).map_err(|_| self)
    }
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() {
    let pool = ThreadPool::new(4, 8);

    let handles: Vec<_> = (0..10).map(|n| pool.submit(move || n * n)).collect();
    let squares: Vec<i32> = handles
        .into_iter()
        .map(|handle| handle.join().expect("squaring does not panic"))
        .collect();
    println!("10 jobs on 4 threads: {squares:?}");

    match pool.submit(|| panic!("no page 13")).join() {
        Ok(()) => println!("the job returned"),
        Err(panic) => println!(
            "the job panicked: {}",
            panic.downcast_ref::<&str>().unwrap()
        ),
    }
    let page = pool.submit(|| "page 14").join().unwrap();
    println!("the next job: {page}");
}
