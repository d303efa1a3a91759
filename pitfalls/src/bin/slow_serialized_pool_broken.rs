//! Slow: the lock around the queue is held while the job runs, so the pool does one job at a time.
//!
//! You see: a pool of four threads is as slow as one thread, with three of them waiting for a lock.
//! Why: in `while let Ok(job) = jobs.lock().unwrap().recv()` the guard has no name, and lives until
//! the end of the loop's body. The next worker gets the lock when the job is done.
//! Rule: take the job out in a statement of its own, which ends with the lock.
//!
//! Python: `with lock: job = jobs.pop(); job()`, with `job()` inside the `with` block
//! Caught by: clippy `significant_drop_in_scrutinee` (opt-in)
//! Fixed: `slow_serialized_pool_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_serialized_pool_broken
//! ? 1
//! 4 jobs, 4 workers: at most 1 at once
//! ```

#![warn(clippy::significant_drop_in_scrutinee)] // not on by default

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Does the jobs until all senders are gone: the loop of a worker.
pub fn work(jobs: &Mutex<Receiver<Job>>) {
    #[expect(
        clippy::significant_drop_in_scrutinee,
        reason = "the mistake that this file shows"
    )]
    while let Ok(job) = jobs.lock().unwrap().recv() {
        job(); // BROKEN: the lock is still held
    }
}

/// How long a job waits for the others.
const PATIENCE: Duration = Duration::from_millis(100);

/// How many jobs run, and how many there were at once.
#[derive(Default)]
pub struct Gauge {
    running: usize,
    most: usize,
}

/// Stands for a job: it waits until four of them run.
fn job(gauge: &Mutex<Gauge>, changed: &Condvar) {
    let mut inside = gauge.lock().unwrap();
    inside.running += 1;
    inside.most = inside.most.max(inside.running);
    changed.notify_all();
    let waiting = changed.wait_timeout_while(inside, PATIENCE, |inside| inside.most < 4);
    let mut inside = waiting.unwrap().0;
    inside.running -= 1;
}

fn main() -> ExitCode {
    let gauge = Mutex::new(Gauge::default());
    let changed = Condvar::new();
    let (sender, receiver) = mpsc::channel::<Job>();
    let jobs = Mutex::new(receiver);
    thread::scope(|scope| {
        for _worker in 0..4 {
            scope.spawn(|| work(&jobs));
        }
        for _job in 0..4 {
            let job = || job(&gauge, &changed);
            sender.send(Box::new(job)).unwrap();
        }
        drop(sender);
    });

    let most = gauge.lock().unwrap().most;
    println!("4 jobs, 4 workers: at most {most} at once");
    if most == 4 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
