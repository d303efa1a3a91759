//! Run tasks as a group: when one of them fails, the others are stopped, and none outlives it.
//!
//! Use it when several tasks belong together, so that one result is worth nothing without the
//! others. `run_group` returns when every task has ended: with all values, or with the first error,
//! after the other tasks have been stopped.
//!
//! - Dropping the future of `run_group` stops all its tasks, but cannot wait until they have ended.
//! - A task can be stopped only where it awaits. One that blocks or computes runs on until then,
//!   and `run_group` waits for it.
//! - All tasks have one type, as calls of one `async fn` have. Otherwise: `.boxed()` of
//!   `futures::FutureExt`. They cannot borrow local variables.
//! - To keep what succeeded when something failed: `gather_join`. For many tasks with a limit:
//!   `fanout`.
//!
//! Python: `async with asyncio.TaskGroup() as group:` and `group.create_task(f())`
//! Needs: `cargo add tokio@1 -F rt`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/task_group.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin task_group
//! all succeed: Ok(["news", "mail", "feed"]), after 3s
//! one fails: Err("mail is down"), after 2s
//! tasks still alive: 0
//! ```

use std::panic::resume_unwind;

use tokio::task::JoinSet;

/// Runs all `tasks` at once, and returns their values in the order of the tasks.
///
/// # Errors
/// The first error. When this returns, the other tasks have been stopped and have ended.
///
/// # Panics
/// With the panic of a task, after the others have been stopped.
pub async fn run_group<T, E, F>(tasks: impl IntoIterator<Item = F>) -> Result<Vec<T>, E>
where
    F: Future<Output = Result<T, E>> + Send + 'static,
    T: Send + 'static,
    E: Send + 'static,
{
    let mut group = JoinSet::new();
    for (number, task) in tasks.into_iter().enumerate() {
        group.spawn(async move { (number, task.await) });
    }

    let mut values = Vec::new();
    while let Some(ended) = group.join_next().await {
        match ended {
            Ok((number, Ok(value))) => values.push((number, value)),
            Ok((_, Err(error))) => {
                group.shutdown().await;
                return Err(error);
            }
            Err(failed) => {
                group.shutdown().await;
                // Nobody aborted the task, so it panicked: pass the panic on.
                resume_unwind(failed.into_panic());
            }
        }
    }
    values.sort_by_key(|(number, _)| *number);
    Ok(values.into_iter().map(|(_, value)| value).collect())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::{Instant, sleep};

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let tasks = [fetch("news", 1), fetch("mail", 2), fetch("feed", 3)];
    let pages = run_group(tasks).await;
    println!("all succeed: {pages:?}, after {:?}", start.elapsed());

    let start = Instant::now();
    let tasks = [fetch("news", 1), fetch("mail is down", 2), fetch("feed", 3)];
    let pages = run_group(tasks).await;
    println!("one fails: {pages:?}, after {:?}", start.elapsed());

    let alive = Handle::current().metrics().num_alive_tasks();
    println!("tasks still alive: {alive}");
}

/// Stands for a request that takes so many seconds.
async fn fetch(page: &'static str, seconds: u64) -> Result<&'static str, &'static str> {
    sleep(Duration::from_secs(seconds)).await;
    if page.ends_with("down") {
        return Err(page);
    }
    Ok(page)
}
