//! Lost: the first error returns from `try_join_all`, and the other tasks run on without an owner.
//!
//! You see: an operation has failed, and seconds later parts of it still write; other errors, maybe
//! the important one, are never reported.
//! Why: `try_join_all` stops polling when one fails, and drops the handles of the others. A dropped
//! handle does not stop its task.
//! Rule: whoever gives up stops the tasks, and waits until they have ended.
//!
//! Python: `asyncio.gather` without `return_exceptions`: the others run on as well
//! Caught by: no lint
//! Fixed: `lost_sibling_errors_fixed`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_sibling_errors_broken
//! ? 1
//! the backup failed: disk a is full
//! written after that: ["b"]
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::try_join_all;
use tokio::task;
use tokio::time::sleep;

/// What was written, on which disk.
type Written = Arc<Mutex<Vec<&'static str>>>;

/// Writes a backup on all of the disks at once.
///
/// # Errors
/// The first error of a disk.
pub async fn back_up(disks: &[&'static str], written: &Written) -> Result<(), String> {
    let mut tasks = Vec::new();
    for disk in disks {
        let task = task::spawn(write(disk, Arc::clone(written)));
        tasks.push(async { task.await.expect("no task panics") });
    }
    try_join_all(tasks).await?; // BROKEN: drops the handles of tasks that run on
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
