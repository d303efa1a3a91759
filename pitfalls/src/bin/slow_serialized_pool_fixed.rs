//! Fixed: the guard is dropped at the end of the `let`, before the job runs.
//!
//! A temporary value lives until the end of its statement; for a `let` that is the semicolon. While
//! one worker waits in `recv` it holds the lock, and the others wait for the lock instead of the
//! channel: that costs nothing. A channel of crossbeam can be cloned for each worker, and needs no
//! lock at all.
//!
//! Python: `with lock: job = jobs.pop()`, and then `job()`
//! Broken: `slow_serialized_pool_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_serialized_pool_fixed
//! 4 jobs, 4 workers: at most 4 at once
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, Receiver};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::Duration;

type Job<'a> = Box<dyn FnOnce() + Send + 'a>;

/// Does the jobs until all senders are gone: the loop of a worker.
pub fn work(jobs: &Mutex<Receiver<Job>>) {
    loop {
        let job = jobs.lock().unwrap().recv(); // FIXED: the lock is released here
        match job {
            Ok(job) => job(),
            Err(_) => return, // all senders are gone
        }
    }
}

/// How long a job waits for the others.
const PATIENCE: Duration = Duration::from_secs(10);

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
