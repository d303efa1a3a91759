//! Race: a consumer sees that the queue is not empty, receives, and waits forever.
//!
//! You see: a worker hangs in `recv`, although it has checked that the queue is not empty.
//! Why: between `is_empty` and `recv` the other consumer takes the last job. A sender is still
//! alive, so `recv` waits for the next job, which never comes. Here a barrier forces the bad moment
//! on every run.
//! Rule: do not ask `is_empty` or `len` first: the answer is out of date when you get it.
//! Try to receive.
//!
//! Python: `while not jobs.empty(): jobs.get()` in two threads
//! Caught by: no lint; shuttle (`models/tests/races.rs`)
//! Fixed: `race_check_then_recv_fixed`
//! Needs: `cargo add crossbeam@0.8`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_check_then_recv_broken
//! ? 1
//! 1 job, 2 consumers: one has ended, the other has not (timed out waiting on channel)
//! the queue is empty: true
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, bounded};

/// Takes the jobs that are there, and does not wait for more.
pub fn take_all<T>(jobs: &Receiver<T>, both_have_looked: &Barrier) -> Vec<T> {
    let mut taken = Vec::new();
    while !jobs.is_empty() {
        both_have_looked.wait(); // only for the demo: both have seen the last job
        let Ok(job) = jobs.recv() else { break }; // BROKEN: the job may be gone by now
        taken.push(job);
    }
    taken
}

fn main() -> ExitCode {
    let (sender, jobs) = bounded(1); // `sender` lives until `main` returns
    sender.send("a job").unwrap();

    let (done, ended) = mpsc::sync_channel(2);
    let both_have_looked = Arc::new(Barrier::new(2));
    for _ in 0..2 {
        let jobs = jobs.clone();
        let done = done.clone();
        let both_have_looked = both_have_looked.clone();
        thread::spawn(move || done.send(take_all(&jobs, &both_have_looked)));
    }
    drop(done);

    ended.recv().expect("the first consumer ends");
    match ended.recv_timeout(Duration::from_millis(300)) {
        Ok(_) => {
            println!("1 job, 2 consumers: both have ended");
            ExitCode::SUCCESS
        }
        Err(error) => {
            println!("1 job, 2 consumers: one has ended, the other has not ({error})");
            println!("the queue is empty: {}", jobs.is_empty());
            ExitCode::FAILURE
        }
    }
}
