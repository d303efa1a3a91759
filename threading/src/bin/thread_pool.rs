//! A thread pool: bounded queue, a handle for each result, closed without leaving anything behind.
//!
//! Use it for jobs that block (files, databases, old network code) and come one at a time, from
//! anywhere. `submit` waits while the queue is full, so that nobody runs ahead of the workers;
//! `submit_within` gives up. A job that panics gives an error from its handle, and the worker lives
//! on. `close` finishes what is queued, `cancel` drops it; what runs, runs on, for no thread can be
//! killed. Dropping the pool closes it and joins the workers. A job that waits for another job of
//! its own pool may wait forever: `deadlock_nested_pool_broken`. A list to work through in one go
//! wants `thread_pool_map`, computing wants rayon, and async code has `spawn_blocking`.
//!
//! Python: `ThreadPoolExecutor` (its queue has no bound), `submit`, `Future.result(timeout)`,
//! `shutdown(cancel_futures=True)`.
//! Copy: `ThreadPool`, `JobHandle` and `PoolError`, with their impls, `Job` and `panicked`.
//! Needs: `cargo add crossbeam@0.8 thiserror@2`, `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin thread_pool
//!
//! thread 'worker-[..]' ([..]) panicked at threading/src/bin/thread_pool.rs:[..]
//! no page 13
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! a job's error: the job panicked: no page 13
//! 4 jobs run at once, 4 wait; one more: the queue is full
//! then 8 are done, 0 canceled; one more: the pool is closed
//! 4 jobs run at once, 4 wait; one more: the queue is full
//! then 4 are done, 4 canceled; one more: the pool is closed
//! jobs per second: [..] in the pool, [..] with a thread for each
//!
//! $ cargo run -p threading --bin thread_pool -- --workers 1 --queue 2
//! ...
//! then 1 are done, 2 canceled; one more: the pool is closed
//! ...
//!
//! $ cargo run -p threading --bin thread_pool -- --queue 0
//! ? 2
//! error: invalid value '0' for '--queue <N>': number would be zero for non-zero type
//! ...
//! ```

use std::any::Any;
use std::num::NonZeroUsize;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError, sync_channel};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{error::Error, io};

use clap::Parser;
use crossbeam::channel::{Receiver, Sender, bounded};

/// Threads that work off a queue of jobs, first come, first served. Dropping it finishes what is
/// queued and waits for that; `cancel` first, to wait only for what runs.
pub struct ThreadPool {
    jobs: Mutex<Option<Sender<Job>>>, // `None`: closed
    queue: Receiver<Job>,
    workers: Vec<JoinHandle<()>>,
}

pub type Job = Box<dyn FnOnce() + Send>;

impl ThreadPool {
    /// Starts `workers` threads, for a queue of at most `capacity` jobs. An error, if the system
    /// has no more threads to give; those that had started are joined.
    pub fn new(workers: NonZeroUsize, capacity: NonZeroUsize) -> io::Result<Self> {
        let (jobs, queue) = bounded::<Job>(capacity.get());
        let mut pool = Self {
            jobs: Mutex::new(Some(jobs)),
            queue,
            workers: Vec::new(),
        };
        for n in 0..workers.get() {
            let queue = pool.queue.clone();
            let worker = thread::Builder::new().name(format!("worker-{n}"));
            pool.workers
                .push(worker.spawn(move || queue.iter().for_each(|job| job()))?);
        }
        Ok(pool)
    }

    /// Queues `work`, and waits while the queue is full. Fails only if the pool is closed. In a
    /// job of the same pool use `submit_within`: only a free worker makes room in the queue.
    pub fn submit<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JobHandle<T>, PoolError> {
        self.submit_within(Duration::MAX, work)
    }

    /// Queues `work`; fails if the queue stays full for `limit`, which may be 0.
    pub fn submit_within<T: Send + 'static>(
        &self,
        limit: Duration,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Result<JobHandle<T>, PoolError> {
        let (report, result) = sync_channel(1); // room for the one result: no worker waits here
        let job = move || {
            // What a panic leaves half done is the job's alone, or behind a lock, now poisoned.
            let result = catch_unwind(AssertUnwindSafe(work)).map_err(panicked);
            // Fails if the handle was dropped. Then the result is dropped here: that may panic too.
            let _ = catch_unwind(AssertUnwindSafe(|| drop(report.send(result))));
        };
        let jobs = self.jobs.lock().unwrap().clone().ok_or(PoolError::Closed)?;
        // Not disconnected: `self.queue` receives. So it was full all the time.
        jobs.send_timeout(Box::new(job), limit)
            .map_err(|_| PoolError::Full)?;
        Ok(JobHandle(result))
    }

    /// Takes no more jobs, and finishes those in the queue. Does not wait for them.
    pub fn close(&self) {
        self.jobs.lock().unwrap().take(); // never poisoned: nothing panics under this lock
    }

    /// Takes no more jobs, and drops those in the queue. What a worker has taken out before runs,
    /// even if it has not quite begun when this returns.
    pub fn cancel(&self) {
        self.close();
        self.queue.iter().for_each(drop); // also of a `submit` that waits for room right now
    }
}

impl Drop for ThreadPool {
    fn drop(&mut self) {
        self.close();
        // A job may have held the last reference to its pool, and no thread can join itself.
        let this = thread::current().id();
        for worker in self
            .workers
            .drain(..)
            .filter(|worker| worker.thread().id() != this)
        {
            let _ = worker.join(); // never an error: no panic ends a worker
        }
    }
}

/// The result of a job, once it has ended. Drop it, and the job runs all the same.
pub struct JobHandle<T>(mpsc::Receiver<Result<T, PoolError>>);

impl<T> JobHandle<T> {
    /// Waits until the job has ended or is canceled, however long that takes.
    pub fn wait(self) -> Result<T, PoolError> {
        self.0.recv().unwrap_or(Err(PoolError::Canceled)) // the job was dropped, with its sender
    }

    /// Waits for at most `limit`, and gives the handle back if the job has not ended by then.
    pub fn wait_timeout(self, limit: Duration) -> Result<Result<T, PoolError>, Self> {
        match self.0.recv_timeout(limit) {
            Err(RecvTimeoutError::Timeout) => Err(self),
            ended => Ok(ended.unwrap_or(Err(PoolError::Canceled))),
        }
    }
}

/// Why there is no job, or no result of it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum PoolError {
    #[error("the pool is closed")]
    Closed,
    #[error("the queue is full")]
    Full,
    #[error("the job was canceled")]
    Canceled,
    /// With its message. The panic itself is not `Sync`, and `anyhow` would not take it.
    #[error("the job panicked: {0}")]
    Panicked(String),
}

fn panicked(panic: Box<dyn Any + Send>) -> PoolError {
    let text = panic.downcast_ref::<&str>().copied();
    let text = text.or(panic.downcast_ref::<String>().map(String::as_str));
    PoolError::Panicked(text.unwrap_or("no message").to_owned())
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many jobs run at once
    #[arg(long, value_name = "N", default_value = "4")]
    workers: NonZeroUsize,

    /// How many jobs wait at most
    #[arg(long, value_name = "N", default_value = "4")]
    queue: NonZeroUsize,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Args { workers, queue } = Args::parse();
    let pool = || ThreadPool::new(workers, queue);
    let (running, waiting) = (workers.get(), queue.get());
    let first = pool()?;
    let page = first.submit(|| panic!("no page 13"))?.wait().err();
    println!("a job's error: {}", page.as_ref().ok_or("none")?);
    let mut held = page == Some(PoolError::Panicked("no page 13".to_owned()));
    // Its worker lives on, or one of the jobs that are to run at once would be missing here.
    held &= fill_and_end(first, running, ThreadPool::close)
        == Some([running, waiting, running + waiting, 0]);
    held &= fill_and_end(pool()?, running, ThreadPool::cancel)
        == Some([running, waiting, running, waiting]);

    let (pool, start) = (pool()?, Instant::now());
    let handles: Vec<_> = (0..2000).map_while(|_| pool.submit(|| ()).ok()).collect();
    handles.into_iter().try_for_each(JobHandle::wait)?;
    let (pooled, start) = (2000.0 / start.elapsed().as_secs_f64(), Instant::now());
    (0..2000)
        .try_for_each(|_| thread::spawn(|| ()).join())
        .expect("no panic");
    let spawned = 2000.0 / start.elapsed().as_secs_f64();
    println!("jobs per second: {pooled:.0} in the pool, {spawned:.0} with a thread for each");
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Fills the pool with jobs that a gate holds, calls `end`, opens the gate and drops the pool.
/// Returns how many jobs ran at once, waited in the queue, were done, were canceled.
fn fill_and_end(pool: ThreadPool, workers: usize, end: fn(&ThreadPool)) -> Option<[usize; 4]> {
    let gate = Arc::new(Mutex::new(()));
    let shut = gate.lock();
    let (begin, begun) = mpsc::channel(); // as many as there are jobs
    let job = |n: usize| {
        let (gate, begin) = (gate.clone(), begin.clone());
        move || {
            begin.send(()).expect("somebody counts");
            gate.lock().map_or(0, |_| n * n)
        }
    };
    let mut jobs: Vec<_> = (0..workers)
        .map_while(|n| pool.submit(job(n)).ok())
        .collect();
    let seen = jobs
        .iter()
        .map_while(|_| begun.recv_timeout(Duration::from_secs(2)).ok())
        .count();
    let mut room = (workers..99_999).map(|n| pool.submit_within(Duration::ZERO, job(n)));
    let full = room.find_map(|job| job.map(|job| jobs.push(job)).err())?;
    let unfinished = |job: JobHandle<_>| job.wait_timeout(Duration::from_millis(1)).err();
    let jobs: Vec<_> = jobs.into_iter().filter_map(unfinished).collect();
    let (at_once, waiting) = (seen + begun.try_iter().count(), jobs.len() - workers);

    end(&pool);
    let closed = pool.submit(|| ()).err()?;
    drop((shut, pool));
    // Nobody waits any more: had `drop` not joined, results would be missing now.
    let results = jobs
        .into_iter()
        .map_while(|job| job.wait_timeout(Duration::ZERO).ok());
    let results: Vec<_> = results.collect();
    let done = (0..)
        .zip(&results)
        .filter(|(n, result)| **result == Ok(n * n))
        .count();
    let canceled = results
        .iter()
        .filter(|result| **result == Err(PoolError::Canceled))
        .count();
    println!("{at_once} jobs run at once, {waiting} wait; one more: {full}");
    println!("then {done} are done, {canceled} canceled; one more: {closed}");
    Some([at_once, waiting, done, canceled])
}
