//! Fixed: the loop waits for a permit before it spawns the next task.
//!
//! The permit belongs to the task, which gives it back when it ends, also after a panic. What the
//! loop reads from, a file or a channel, is read only as fast as the work goes on. The `JoinSet` is
//! drained in the loop, or it would keep 10000 results. Without tasks, `buffer_unordered(2)` on a
//! stream does the same.
//!
//! Python: `await semaphore.acquire()` before `create_task`, and `release` in a done callback
//! Broken: `slow_permit_after_spawn_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_permit_after_spawn_fixed
//! 10000 items, 2 permits: at most 2 tasks at once
//! ```

use std::process::ExitCode;
use std::sync::Arc;

use tokio::runtime::Handle;
use tokio::sync::Semaphore;
use tokio::task::{self, JoinSet};

/// Works on items 0 to `items`, two at a time. Returns how many tasks there were at once, at most.
pub async fn work_on(items: u32) -> usize {
    let permits = Arc::new(Semaphore::new(2));
    let mut tasks = JoinSet::new();
    let mut most = 0;
    for item in 0..items {
        let permits = Arc::clone(&permits);
        let permit = permits.acquire_owned().await; // FIXED: waits before there is a task
        tasks.spawn(async move {
            work(item).await;
            drop(permit);
        });
        while tasks.try_join_next().is_some() {}
        most = most.max(Handle::current().metrics().num_alive_tasks());
    }
    tasks.join_all().await;
    most
}

/// Stands for a request.
async fn work(_item: u32) {
    task::yield_now().await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let most = work_on(10_000).await;
    println!("10000 items, 2 permits: at most {most} tasks at once");
    if most <= 3 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
