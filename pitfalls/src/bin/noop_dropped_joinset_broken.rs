//! No-op: a `JoinSet` goes out of scope, and takes its tasks with it.
//!
//! You see: a function spawns tasks and returns, and none of them has done anything; on several
//! threads a few have. With a `JoinHandle` in place of the set, all of them ran. Python says "Task
//! was destroyed but it is pending" when it happens to its tasks.
//! Why: a `JoinSet` owns its tasks, and dropping it aborts all of them. A dropped `JoinHandle` only
//! lets its task go. `?` before the end of the function drops the set as well.
//! Rule: keep the set as long as the tasks should run, and wait with `join_next` or `join_all`.
//!
//! Python: a task that only a local variable refers to, and the garbage collector takes it
//! Caught by: no lint
//! Fixed: `noop_dropped_joinset_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_dropped_joinset_broken
//! ? 1
//! saved 0 of 5 rows
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
    // BROKEN: the set is dropped here, and aborts its tasks
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
