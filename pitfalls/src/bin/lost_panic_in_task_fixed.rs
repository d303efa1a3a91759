//! Fixed: the tasks belong to a `JoinSet`, and the result of each one is looked at.
//!
//! There are two ways to fail: `Ok(Err(..))` is an error that the task returned, and `Err(..)` says
//! that it panicked or was canceled. A task that runs as long as the program does is watched in the
//! same way: put its handle into the `select!` of `main`.
//!
//! Python: `async with asyncio.TaskGroup()`, or `gather(..., return_exceptions=True)` that is read
//! Broken: `lost_panic_in_task_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_panic_in_task_fixed
//!
//! thread 'main' ([..]) panicked at pitfalls/src/bin/lost_panic_in_task_fixed.rs:[..]
//! c.csv: index out of bounds
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! imported 3 files, failures: ["b.csv: no such file", "panicked"]
//! ```

use std::process::ExitCode;
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

/// Imports the files, all at once. Returns what failed.
pub async fn import_all(names: &[&'static str]) -> Vec<String> {
    let mut tasks = JoinSet::new();
    for name in names {
        tasks.spawn(import(name));
    }
    let mut failures = Vec::new();
    while let Some(result) = tasks.join_next().await {
        // FIXED: looks at each result
        match result {
            Ok(Ok(())) => {}
            Ok(Err(error)) => failures.push(error),
            Err(_) => failures.push("panicked".to_owned()),
        }
    }
    failures
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
