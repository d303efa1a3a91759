//! Fixed: a consumer looks and receives in one step, and ends when nothing is there.
//!
//! `try_recv` takes a job or says that there is none; nobody comes in between. It costs nothing.
//! A consumer that should wait for more jobs needs no check either: it calls `recv` until that
//! says that the last sender is gone.
//!
//! Python: `jobs.get_nowait()` until it raises `queue.Empty`.
//! Broken: `race_check_then_recv_broken`
//! Needs: `cargo add crossbeam@0.8`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_check_then_recv_fixed
//! 1 job, 2 consumers: 2 of them ended, having handled [0, 1]
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crossbeam::channel::{Receiver, bounded};

/// Handles the jobs that are there and does not wait for more. Returns how many it handled.
pub fn drain<T>(jobs: &Receiver<T>, mut handle: impl FnMut(T)) -> usize {
    let mut handled = 0;
    while let Ok(job) = jobs.try_recv() {
        // FIXED: one step
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
    for done in [done.clone(), done] {
        let jobs = jobs.clone();
        thread::spawn(move || done.send(drain(&jobs, drop)));
    }
    let mut handled = vec![ended.recv().expect("one of them ends")];
    let no_more = loop {
        match ended.recv_timeout(Duration::from_secs(10)) {
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
