//! Own a thread: a struct that gives it jobs, and that ends it and waits when it is dropped.
//!
//! Use it for a thread that lives as long as some object: a logger, a connection, the only user of
//! a device. A `JoinHandle` that is dropped leaves its thread running. Dropping a `Worker` closes
//! its queue, lets the thread finish the jobs that were sent, and joins it. That holds too when its
//! owner returns early or panics.
//!
//! - The queue is bounded, so a sender that is too fast waits.
//! - A job that panics ends the thread. The jobs behind it are lost, and `send` fails from then on.
//! - Do not drop it while you hold a lock that a job needs: `deadlock_join_holding_lock`.
//! - A job that drops the last owner of its own worker does not wait for itself: the thread ends
//!   after the jobs in the queue.
//! - For a thread that ends in the same function: `thread::scope`. For several threads on one
//!   queue: `thread_pool`.
//!
//! Python: a `Thread` subclass with a `Queue`, and an `__exit__` that sends a sentinel and joins
//! Needs: nothing
//! Tested: `threading/tests/proof/worker_stops_on_drop.rs`, `models/tests/threading_workers.rs`
//!
//! ```console
//! $ cargo run -p threading --bin worker_stops_on_drop
//! written: one
//! written: two
//! written: three
//! the worker has ended
//! ```

use std::sync::mpsc::{self, SendError, SyncSender};
use std::thread::{self, JoinHandle};

/// A thread and the queue of its jobs. Dropping it waits until the thread has finished them.
pub struct Worker<T> {
    jobs: Option<SyncSender<T>>, // `None` only while dropping
    thread: Option<JoinHandle<()>>,
}

impl<T: Send + 'static> Worker<T> {
    /// Starts a thread that calls `work` for each job. At most `capacity` jobs wait for it.
    ///
    /// # Panics
    /// If the system has no more threads to give.
    pub fn start(capacity: usize, mut work: impl FnMut(T) + Send + 'static) -> Self {
        let (jobs, queue) = mpsc::sync_channel(capacity);
        let thread = thread::spawn(move || {
            for job in queue {
                work(job);
            }
        });
        Self {
            jobs: Some(jobs),
            thread: Some(thread),
        }
    }

    /// Queues a job, blocking while the queue is full.
    ///
    /// # Errors
    /// The job, if the thread has panicked.
    pub fn send(&self, job: T) -> Result<(), SendError<T>> {
        let jobs = self.jobs.as_ref().expect("open until dropped");
        jobs.send(job)
    }
}

impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        drop(self.jobs.take()); // closes the queue: the thread finishes what is in it and ends
        let thread = self.thread.take().expect("joined only here");
        let dropped_by_itself = thread.thread().id() == thread::current().id();
        if dropped_by_itself {
            return; // a job has dropped its own worker: it cannot wait for its own end
        }
        let _ = thread.join(); // an error: `work` panicked, which was printed then
    }
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() {
    let writer = Worker::start(10, |line| println!("written: {line}"));
    for line in ["one", "two", "three"] {
        writer.send(line).expect("printing does not panic");
    }
    drop(writer); // or the end of its scope
    println!("the worker has ended");
}
