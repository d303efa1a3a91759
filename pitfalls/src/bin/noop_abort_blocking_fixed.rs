//! Fixed: the import looks at a flag before each row, and stops where it is set.
//!
//! Between two looks it cannot be stopped, so a step should be short. A blocking call of unknown
//! length needs a limit of its own, such as a socket timeout. What cannot be interrupted at all
//! runs in a child process, which can be killed (`subprocess_timeout`). In place of the flag, a
//! `CancellationToken` of tokio-util can be awaited as well.
//!
//! Python: a `threading.Event` that the function looks at
//! Broken: `noop_abort_blocking_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_abort_blocking_fixed
//! canceled during row 1: 1 of 100 rows imported
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};

use tokio::task::{JoinError, spawn_blocking};

/// Imports 100 rows, until `canceled` is set.
pub fn import(table: &Table, canceled: &AtomicBool) {
    for _row in 0..100 {
        if canceled.load(Relaxed) {
            return;
        }
        table.insert();
    }
}

/// Stands for a table of a database.
pub struct Table {
    rows: AtomicUsize,
    first_row: Barrier,
}

impl Table {
    /// Inserts a row, and blocks meanwhile.
    fn insert(&self) {
        let before = self.rows.fetch_add(1, Relaxed);
        if before == 0 {
            self.first_row.wait(); // it has begun
            self.first_row.wait(); // it may end
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<ExitCode, JoinError> {
    let table = Arc::new(Table {
        rows: AtomicUsize::new(0),
        first_row: Barrier::new(2),
    });
    let shared = Arc::clone(&table);
    let canceled = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&canceled);
    let task = spawn_blocking(move || import(&shared, &flag));
    table.first_row.wait();
    canceled.store(true, Relaxed); // FIXED: the import looks at it before each row
    table.first_row.wait();
    task.await?;

    let imported = table.rows.load(Relaxed);
    println!("canceled during row 1: {imported} of 100 rows imported");
    if imported == 1 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
