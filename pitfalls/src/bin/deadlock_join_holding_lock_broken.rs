//! Deadlock: a thread joins others while it holds the lock that they need to finish.
//!
//! You see: hangs at `join`, at the end of a `thread::scope`, or in a `Drop` that joins.
//! Why: `join` is a wait like a lock, and it stands in no lock order. stdout has a lock too:
//! whoever holds `stdout().lock()` and joins a thread that says `println!` waits forever.
//! Rule: hold no guard over a join.
//!
//! Python: `with lock: thread.join()`.
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`).
//! Fixed: `deadlock_join_holding_lock_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_join_holding_lock_broken
//! ? 1
//! deadlock: the log is locked, and its holder joins threads that wait for it
//! report
//! deadlock: stdout is locked, and its holder joins a thread that wants to print
//! ```

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

/// Adds to `log` a line at the start, one from each of `jobs`, on threads of their own, and one at
/// the end.
pub fn run_all(jobs: &[&str], log: &Mutex<Vec<String>>) {
    let mut lines = log.lock().unwrap(); // BROKEN: still held when the scope joins
    lines.push("start".into());
    thread::scope(|s| {
        for job in jobs {
            s.spawn(move || log.lock().unwrap().push(format!("{job} done")));
        }
    });
    lines.push("end".into());
}

/// Prints `title`, and `lines` below it, from another thread.
pub fn print_report(title: &str, lines: &[&str]) {
    let mut out = io::stdout().lock(); // BROKEN: still held when the scope joins
    writeln!(out, "{title}").unwrap();
    thread::scope(|s| {
        s.spawn(|| lines.iter().for_each(|line| println!("  {line}")));
    });
}

// Only for the demo from here on.

// What it has to say goes to stderr: stdout may be locked.
fn main() -> ExitCode {
    let log = Arc::new(Mutex::new(Vec::new()));
    let shared = log.clone();
    let run = end_of(move || run_all(&["load", "sort"], &shared));
    let log_is_locked = matches!(log.try_lock(), Err(TryLockError::WouldBlock));
    if run == Err(RecvTimeoutError::Timeout) && log_is_locked {
        eprintln!("deadlock: the log is locked, and its holder joins threads that wait for it");
    }
    let print = end_of(|| print_report("report", &["2 jobs"]));
    let stdout_is_locked = end_of(|| drop(io::stdout().lock())).is_err();
    if print == Err(RecvTimeoutError::Timeout) && stdout_is_locked {
        eprintln!("deadlock: stdout is locked, and its holder joins a thread that wants to print");
    }
    if run.and(print).is_err() {
        return ExitCode::FAILURE;
    }
    eprintln!("done: {} lines in the log", log.lock().unwrap().len());
    ExitCode::SUCCESS
}

/// Runs `job` on another thread and waits for its end, but not forever.
fn end_of(job: impl FnOnce() + Send + 'static) -> Result<(), RecvTimeoutError> {
    let (done, end) = mpsc::channel();
    thread::spawn(move || {
        job();
        done.send(())
    });
    end.recv_timeout(Duration::from_millis(300))
}
