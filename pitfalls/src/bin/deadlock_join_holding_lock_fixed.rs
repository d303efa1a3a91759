//! Fixed: the lock is released before the threads are joined.
//!
//! `drop` ends the guard, and then the threads can take the lock and finish. The price: lines of
//! other threads may come in between. To keep lines together, let the threads return theirs, and
//! let the one that joins them write them all.
//!
//! Python: `thread.join()` after the `with` block
//! Broken: `deadlock_join_holding_lock_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_join_holding_lock_fixed
//! job within 10s: Ok(())
//! the log: Mutex { data: ["start", "load done"], poisoned: false, .. }
//! Report
//!   1 job
//! report within 10s: Ok(())
//! ```

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs each of `jobs` on a thread of its own. `log` gets a line first, and one for each job.
pub fn run_all(jobs: &[&str], log: &Mutex<Vec<String>>) {
    let mut lines = log.lock().unwrap();
    lines.push("start".to_string());
    drop(lines); // FIXED: unlocks before the scope joins
    thread::scope(|scope| {
        for job in jobs {
            scope.spawn(move || {
                let mut lines = log.lock().unwrap();
                lines.push(format!("{job} done"));
            });
        }
    });
}

/// Prints `title`, and `line` below it from another thread.
pub fn print_report(title: &str, line: &str) {
    let mut stdout = io::stdout().lock();
    writeln!(stdout, "{title}").unwrap();
    drop(stdout); // FIXED: unlocks before the scope joins
    thread::scope(|scope| {
        scope.spawn(|| println!("  {line}"));
    });
}

fn main() -> ExitCode {
    let log = Arc::new(Mutex::new(Vec::new()));
    let shared = Arc::clone(&log);
    let job = run(move || run_all(&["load"], &shared));
    eprintln!("job within {LIMIT:?}: {job:?}"); // not to stdout, which may be locked
    eprintln!("the log: {log:?}");
    let report = run(|| print_report("Report", "1 job"));
    eprintln!("report within {LIMIT:?}: {report:?}");
    if job.is_ok() && report.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Runs `task` on another thread and waits until it ends, for at most `LIMIT`.
fn run(task: impl FnOnce() + Send + 'static) -> Result<(), RecvTimeoutError> {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        task();
        sender.send(()).unwrap();
    });
    receiver.recv_timeout(LIMIT)
}
