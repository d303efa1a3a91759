//! Lost: a task returns an error and another one panics, and nobody hears of it.
//!
//! You see: a background job has not run for days, and the program is healthy: no error in the log,
//! exit status 0. A panic is a line on stderr, an `Err` is not even that. Python at least prints
//! "Task exception was never retrieved".
//! Why: the result of a task is in its `JoinHandle`. Where that is dropped, the result is dropped
//! too; a panic in a task ends only this task.
//! Rule: whoever spawns a task looks at its result.
//!
//! Python: `asyncio.create_task(import_file(path))`, which nobody awaits
//! Caught by: no lint
//! Fixed: `lost_panic_in_task_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_panic_in_task_broken
//! ? 1
//!
//! thread 'main' ([..]) panicked at pitfalls/src/bin/lost_panic_in_task_broken.rs:[..]
//! c.csv: index out of bounds
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! imported 3 files, failures: []
//! ```

use std::process::ExitCode;
use std::time::Duration;

use tokio::task;
use tokio::time::sleep;

/// Imports the files, all at once. Returns what failed.
pub async fn import_all(names: &[&'static str]) -> Vec<String> {
    for name in names {
        task::spawn(import(name)); // BROKEN: drops the handle, and the result with it
    }
    sleep(Duration::from_secs(10)).await; // only for the demo: all of them have ended
    Vec::new()
}

/// Stands for an import: `b.csv` does not exist, and `c.csv` meets a bug.
async fn import(name: &str) -> Result<(), String> {
    match name {
        "b.csv" => {
            sleep(Duration::from_secs(1)).await;
            Err(format!("{name}: no such file"))
        }
        "c.csv" => {
            sleep(Duration::from_secs(2)).await;
            panic!("{name}: index out of bounds");
        }
        _ => Ok(()),
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let failures = import_all(&["a.csv", "b.csv", "c.csv"]).await;
    println!("imported 3 files, failures: {failures:?}");
    if failures.len() == 2 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
