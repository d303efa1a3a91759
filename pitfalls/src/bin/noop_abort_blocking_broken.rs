//! No-op: `abort` on a blocking task that has begun does nothing, and the task runs to its end.
//!
//! You see: an import was canceled, and all of its rows are there. The program does not exit for as
//! long as the import needs.
//! Why: a task is canceled at an `.await`, and code in `spawn_blocking` has none. Only while it
//! still waits for a thread does `abort` keep it from running. The same is true of an async task
//! that never awaits.
//! Rule: blocking code is canceled by a flag that it looks at itself, between two steps.
//!
//! Python: `future.cancel()` returns `False` once a thread of the executor runs it
//! Caught by: no lint
//! Fixed: `noop_abort_blocking_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_abort_blocking_broken
//! ? 1
//! canceled during row 1: 100 of 100 rows imported
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};

use tokio::task::{JoinError, spawn_blocking};

/// Imports 100 rows.
pub fn import(table: &Table) {
    for _row in 0..100 {
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
    let task = spawn_blocking(move || import(&shared));
    table.first_row.wait();
    task.abort(); // BROKEN: the import has begun, so this does nothing
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
