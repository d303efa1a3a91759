//! Deadlock: a thread joins others while it holds the lock that they need to finish.
//!
//! You see: the program hangs at `join`, at the end of a `thread::scope`, or in a `Drop` that
//! joins.
//! Why: the joining thread waits for the others to end, and they wait for its lock. stdout has a
//! lock as well: whoever holds `stdout().lock()` and joins a thread that calls `println!` waits
//! forever.
//! Rule: hold no guard while joining.
//!
//! Python: `with lock: thread.join()`
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`)
//! Fixed: `deadlock_join_holding_lock_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_join_holding_lock_broken
//! ? 1
//! job within 300ms: Err(Timeout)
//! the log: Mutex { data: "<locked>", poisoned: false, .. }
//! Report
//! report within 300ms: Err(Timeout)
//! ```

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Runs each of `jobs` on a thread of its own. `log` gets a line first, and one for each job.
pub fn run_all(jobs: &[&str], log: &Mutex<Vec<String>>) {
    let mut lines = log.lock().unwrap(); // BROKEN: still held when the scope joins
    lines.push("start".to_string());
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
    let mut stdout = io::stdout().lock(); // BROKEN: still held when the scope joins
    writeln!(stdout, "{title}").unwrap();
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
