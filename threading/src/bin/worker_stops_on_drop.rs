//! Own a thread: a struct that takes jobs for it, and that ends it and waits when it is dropped.
//!
//! Use it for a thread that lives as long as some object: a logger, the only user of a device, a
//! connection. A `JoinHandle` that is only dropped leaves its thread running; a `Worker` closes its
//! queue, lets the thread finish what was sent, and joins it, even when its owner returns early or
//! panics. The queue is bounded: a sender that is too fast waits. When the thread has panicked,
//! `send` gives the job back, and `finish` returns the panic. Do not drop it while you hold a lock
//! that the thread wants: `deadlock_join_holding_lock`. A thread that ends in the same function
//! wants `thread::scope`; many workers on one queue, `thread_pool`.
//!
//! Python: a `Thread` subclass with a `Queue`, a sentinel, and `__exit__` that joins.
//! Copy: `Worker`.
//! Needs: `cargo add clap@4 -F derive`
//! Runs on: Linux, since the demo counts threads in /proc; `Worker` itself anywhere
//!
//! ```console
//! $ cargo run -p threading --bin worker_stops_on_drop
//! dropped with jobs in its queue: 8 sent, 8 done; threads left: 0
//! its owner panicked: 8 sent, 8 done; threads left: 0
//! dropped by its own thread: 8 sent, 8 done; threads left: 0
//! finished: its sum is 36; threads left: 0
//! it panicked: Some("no room"); jobs given back: [None, Some(2)]; threads left: 0
//!
//! $ cargo run -p threading --bin worker_stops_on_drop -- --jobs 0
//! dropped with jobs in its queue: 0 sent, 0 done; threads left: 0
//! its owner panicked: 0 sent, 0 done; threads left: 0
//! dropped by its own thread: 0 sent, 0 done; threads left: 0
//! finished: its sum is 0; threads left: 0
//! ...
//! ```

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, Receiver, SendError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{fs, io};

use clap::Parser;

/// A thread and the queue of its jobs. Dropped, it closes the queue and waits for the thread.
pub struct Worker<T, R = ()>(Option<(SyncSender<T>, JoinHandle<R>)>);

impl<T: Send + 'static, R: Send + 'static> Worker<T, R> {
    /// Starts a thread with that name, which calls `work` with its queue of at most `capacity`
    /// jobs; with 0, each job is handed over in person. `work` must return when the queue ends, as
    /// `for job in jobs` does. The error is the system's, if it has no more threads to give.
    pub fn start(
        name: &str,
        capacity: usize,
        work: impl FnOnce(Receiver<T>) -> R + Send + 'static,
    ) -> io::Result<Self> {
        let (sender, jobs) = mpsc::sync_channel(capacity);
        let thread = thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || work(jobs))?;
        Ok(Self(Some((sender, thread))))
    }

    /// Sends a job to the thread, and waits while its queue is full. The error is the job, if the
    /// thread has panicked or has returned.
    pub fn send(&self, job: T) -> Result<(), SendError<T>> {
        self.0
            .as_ref()
            .expect("only `finish` and `drop` take it")
            .0
            .send(job)
    }

    /// Closes the queue, waits for the thread to finish what is in it, and returns its value; its
    /// panic is the error.
    ///
    /// # Panics
    /// In the thread itself: it would wait for its own end.
    pub fn finish(mut self) -> thread::Result<R> {
        let (jobs, thread) = self.0.take().expect("only `finish` and `drop` take it");
        drop(jobs);
        thread.join()
    }
}

impl<T, R> Drop for Worker<T, R> {
    /// Does what `finish` does, and lets a panic be: it was printed when it happened. In the thread
    /// itself it only closes the queue.
    fn drop(&mut self) {
        if let Some((jobs, thread)) = self.0.take() {
            drop(jobs); // first, or the thread would wait for jobs, and we for the thread
            if thread.thread().id() != thread::current().id() {
                let _ = thread.join();
            }
        }
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many jobs to send
    #[arg(long, value_name = "N", default_value_t = 8)]
    jobs: u8,
}

type End = fn(Worker<usize>, SyncSender<Worker<usize>>);

fn main() -> io::Result<ExitCode> {
    let sent = usize::from(Args::parse().jobs);
    let mut held = true;
    let ends: [(&str, End); 3] = [
        // The gate is dropped first: while it lives, the worker waits at it.
        ("dropped with jobs in its queue", |worker, gate| {
            drop((gate, worker))
        }),
        ("its owner panicked", |_worker, _gate| {
            panic::resume_unwind(Box::new("not printed"))
        }),
        ("dropped by its own thread", |worker, gate| {
            let _ = gate.send(worker);
            let _ = threads_left(); // who else could wait for it
        }),
    ];
    for (what, end) in ends {
        let done = Arc::new(AtomicUsize::new(0));
        let owned = panic::catch_unwind(AssertUnwindSafe(|| own(sent, done.clone(), end)));
        owned.unwrap_or(Ok(()))?;
        let (done, left) = (done.load(Relaxed), threads_left()?);
        println!("{what}: {sent} sent, {done} done; threads left: {left}");
        held &= (done, left) == (sent, 0);
    }

    let adder = Worker::start("adder", 1, |jobs| jobs.iter().sum())?;
    (1..=sent)
        .try_for_each(|job| adder.send(job))
        .map_err(io::Error::other)?;
    let sum: Option<usize> = adder.finish().ok();
    println!(
        "finished: its sum is {}; threads left: {}",
        sum.unwrap_or(0),
        threads_left()?
    );
    held &= sum == Some(sent * (sent + 1) / 2);

    let failing: Worker<u8> = Worker::start("failing", 0, |jobs| {
        let _ = jobs.recv();
        panic::resume_unwind(Box::new("no room")) // like `panic!`, but not printed
    })?;
    let given_back = [1, 2].map(|job| failing.send(job).err().map(|SendError(job)| job));
    let text = failing
        .finish()
        .err()
        .and_then(|text| text.downcast::<&str>().ok());
    let left = threads_left()?;
    println!("it panicked: {text:?}; jobs given back: {given_back:?}; threads left: {left}");
    held &= (given_back, text.as_deref(), left) == ([None, Some(2)], Some(&"no room"), 0);
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Owns a worker and sends it `jobs` jobs, none of which it begins before all are sent; then ends.
fn own(jobs: usize, done: Arc<AtomicUsize>, end: End) -> io::Result<()> {
    let (gate, opened) = mpsc::sync_channel(1);
    let worker = Worker::start("demo", jobs, move |jobs| {
        drop(opened.recv()); // drops the worker, if it was sent here
        for _ in jobs {
            thread::sleep(Duration::from_millis(1)); // if nobody waits for it, it is missing
            done.fetch_add(1, Relaxed); // read after the thread has ended
        }
    })?;
    let sent = (1..=jobs)
        .try_for_each(|job| worker.send(job))
        .map_err(io::Error::other);
    sent.map(|()| end(worker, gate))
}

/// How many threads there are besides this one, in the end: the kernel's list is a bit behind.
fn threads_left() -> io::Result<usize> {
    let start = Instant::now();
    let left = || io::Result::Ok(fs::read_dir("/proc/self/task")?.count() - 1);
    while left()? > 0 && start.elapsed() < Duration::from_secs(2) {
        thread::sleep(Duration::from_millis(1));
    }
    left()
}
