//! Fixed: the function waits for the tasks of its `JoinSet` before it returns.
//!
//! `join_all` returns all results, and panics if a task did; a loop around `join_next` hands them
//! over one by one. If the tasks should outlive the function, return the set to the caller, or let
//! them go with `detach_all`; then nobody hears of their errors.
//!
//! Python: `asyncio.TaskGroup`, which waits for its tasks
//! Broken: `noop_dropped_joinset_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_dropped_joinset_fixed
//! saved 5 of 5 rows
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

use tokio::task::{self, JoinSet};

/// Saves the rows in `table`, all at once.
pub async fn save_all(table: &Arc<Mutex<Vec<u32>>>, rows: Vec<u32>) {
    let mut saving = JoinSet::new();
    for row in rows {
        saving.spawn(save(Arc::clone(table), row));
    }
    saving.join_all().await; // FIXED: waits for all of them
}

/// Stands for a call to a database.
async fn save(table: Arc<Mutex<Vec<u32>>>, row: u32) {
    task::yield_now().await;
    table.lock().unwrap().push(row);
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let table = Arc::new(Mutex::new(Vec::new()));
    save_all(&table, vec![1, 2, 3, 4, 5]).await;

    let saved = table.lock().unwrap().len();
    println!("saved {saved} of 5 rows");
    if saved == 5 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
