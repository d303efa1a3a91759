//! Race: a consumer sees that the queue is not empty, receives, and waits forever.
//!
//! You see: a worker hangs in `recv`, although it checked that there was something to receive.
//! Why: between `is_empty` and `recv` the other consumer takes the last job. The sender is alive,
//! so `recv` waits for the next one, which never comes. Here a barrier forces it on every run.
//! Rule: `is_empty`, `len` and the like are history when you read them: try it, and see.
//!
//! Python: `while not jobs.empty(): jobs.get()` in two threads.
//! Caught by: no lint; shuttle (`models/tests/races_broken.rs`).
//! Fixed: `race_check_then_recv_fixed`
//! Needs: `cargo add crossbeam@0.8`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_check_then_recv_broken
//! ? 1
//! 1 job, 2 consumers: 1 of them ended, having handled [1]
//! 1 waits in `recv`: no job is left, and the sender is alive
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, bounded};

/// Handles the jobs that are there and does not wait for more. Returns how many it handled.
pub fn drain<T>(jobs: &Receiver<T>, mut handle: impl FnMut(T), moment: &Barrier) -> usize {
    let mut handled = 0;
    while !jobs.is_empty() {
        moment.wait(); // only for the demo: both have seen the last job
        let Ok(job) = jobs.recv() else { break }; // BROKEN: what was seen is history
        handle(job);
        handled += 1;
    }
    handled
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let (sender, jobs) = bounded(1);
    sender.send("a job").unwrap();
    let (done, ended) = mpsc::channel();
    let moment = Arc::new(Barrier::new(2));
    for done in [done.clone(), done] {
        let (jobs, moment) = (jobs.clone(), moment.clone());
        thread::spawn(move || done.send(drain(&jobs, drop, &moment)));
    }
    let mut handled = vec![ended.recv().expect("one of them ends")];
    let no_more = loop {
        match ended.recv_timeout(Duration::from_millis(300)) {
            Ok(jobs) => handled.push(jobs),
            Err(no_more) => break no_more,
        }
    };
    handled.sort();
    println!(
        "1 job, 2 consumers: {} of them ended, having handled {handled:?}",
        handled.len()
    );
    if no_more == RecvTimeoutError::Timeout && jobs.is_empty() {
        let waiting = 2 - handled.len();
        println!("{waiting} waits in `recv`: no job is left, and the sender is alive");
    }
    drop(sender); // here, so that it was alive all the time
    if handled == [0, 1] {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
