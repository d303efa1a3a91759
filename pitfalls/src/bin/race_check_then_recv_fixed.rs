//! Fixed: a consumer looks and receives in one step, and ends when nothing is there.
//!
//! `try_recv` takes a job or says that there is none, and no other thread can come in between. It
//! costs no more than `recv`. `jobs.try_iter()` is the same loop as an iterator. A consumer that
//! should wait for more jobs needs no check either: `for job in jobs` ends once all senders have
//! been dropped.
//!
//! Python: `jobs.get_nowait()` until it raises `queue.Empty`
//! Broken: `race_check_then_recv_broken`
//! Needs: `cargo add crossbeam@0.8`
//! Tested: `models/tests/races.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_check_then_recv_fixed
//! 1 job, 2 consumers: both have ended
//! ```

use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, bounded};

/// Takes the jobs that are there, and does not wait for more.
pub fn take_all<T>(jobs: &Receiver<T>) -> Vec<T> {
    let mut taken = Vec::new();
    // FIXED: looks and takes in one step
    while let Ok(job) = jobs.try_recv() {
        taken.push(job);
    }
    taken
}

fn main() -> ExitCode {
    let (sender, jobs) = bounded(1); // `sender` lives until `main` returns
    sender.send("a job").unwrap();

    let (done, ended) = mpsc::sync_channel(2);
    for _ in 0..2 {
        let jobs = jobs.clone();
        let done = done.clone();
        thread::spawn(move || done.send(take_all(&jobs)));
    }
    drop(done);

    ended.recv().expect("the first consumer ends");
    match ended.recv_timeout(Duration::from_secs(10)) {
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
