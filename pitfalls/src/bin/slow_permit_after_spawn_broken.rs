//! Slow: the permit is taken inside the task, so all tasks exist at once to do two at a time.
//!
//! You see: memory that grows with the list, though a semaphore lets only two work; with millions
//! of items the program is killed (out of memory).
//! Why: the limit holds for the work, not for the tasks. Each `spawn` makes a task at once, with
//! its arguments, and most of them wait in the semaphore's queue.
//! Rule: take the permit before the `spawn`, and move it into the task.
//!
//! Python: `asyncio.gather(*tasks)` with `async with semaphore:` inside each task
//! Caught by: no lint
//! Fixed: `slow_permit_after_spawn_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_permit_after_spawn_broken
//! ? 1
//! 10000 items, 2 permits: at most 10000 tasks at once
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
        tasks.spawn(async move {
            // BROKEN: the task waits, so it exists
            let permit = permits.acquire_owned().await;
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
