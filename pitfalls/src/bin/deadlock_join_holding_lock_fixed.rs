//! Fixed: the lock is held for each line and not over the join.
//!
//! A guard without a name is gone at the semicolon; one with a name wants a block or `drop` before
//! the join. Then lines of others may come between: to keep lines together, let the threads return
//! theirs and have the one that joins write them all.
//!
//! Python: `thread.join()` after the `with` block.
//! Broken: `deadlock_join_holding_lock_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_join_holding_lock_fixed
//! report
//!   2 jobs
//! done: 4 lines in the log
//! ```

use std::io;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

/// Adds to `log` a line at the start, one from each of `jobs`, on threads of their own, and one at
/// the end.
pub fn run_all(jobs: &[&str], log: &Mutex<Vec<String>>) {
    log.lock().unwrap().push("start".into()); // FIXED: free again at the semicolon
    thread::scope(|s| {
        for job in jobs {
            s.spawn(move || log.lock().unwrap().push(format!("{job} done")));
        }
    });
    log.lock().unwrap().push("end".into());
}

/// Prints `title`, and `lines` below it, from another thread.
pub fn print_report(title: &str, lines: &[&str]) {
    println!("{title}"); // FIXED: free again when the line is out
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
    end.recv_timeout(Duration::from_secs(10))
}
