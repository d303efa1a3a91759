//! Fixed: the tasks belong to a `JoinSet`, which is shut down at the first error.
//!
//! `shutdown` aborts all tasks and waits until the last one has ended, so nothing is written after
//! the error has been returned. `?` alone would drop the set, which aborts too, but does not wait.
//! Where all errors matter, drain the set instead, and return a list.
//!
//! Python: `async with asyncio.TaskGroup()`, which cancels the others and reports all errors
//! Broken: `lost_sibling_errors_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_sibling_errors_fixed
//! the backup failed: disk a is full
//! written after that: []
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

/// What was written, on which disk.
type Written = Arc<Mutex<Vec<&'static str>>>;

/// Writes a backup on all of the disks at once.
///
/// # Errors
/// The first error of a disk.
pub async fn back_up(disks: &[&'static str], written: &Written) -> Result<(), String> {
    let mut tasks = JoinSet::new();
    for disk in disks {
        tasks.spawn(write(disk, Arc::clone(written)));
    }
    while let Some(result) = tasks.join_next().await {
        let result = result.expect("no task panics");
        if result.is_err() {
            tasks.shutdown().await; // FIXED: stops the others
            return result;
        }
    }
    Ok(())
}

/// Stands for writing to a disk. The first one is full.
async fn write(disk: &'static str, written: Written) -> Result<(), String> {
    if disk == "a" {
        sleep(Duration::from_secs(1)).await;
        return Err("disk a is full".to_owned());
    }
    sleep(Duration::from_secs(2)).await;
    written.lock().unwrap().push(disk);
    Ok(())
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let written = Written::default();
    let result = back_up(&["a", "b"], &written).await;
    if let Err(error) = result {
        println!("the backup failed: {error}");
    }

    sleep(Duration::from_secs(60)).await; // long enough for everything that still runs
    let written = written.lock().unwrap();
    println!("written after that: {written:?}");
    if written.is_empty() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
