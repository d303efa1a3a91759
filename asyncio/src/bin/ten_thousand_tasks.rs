//! Run ten thousand tasks on one thread, and see how much memory a waiting task needs.
//!
//! Use a task for each thing that waits: a connection, a timer, a request. A task that waits is a
//! value in memory: what it needs to go on, about half a KiB here. It takes no time and no thread.
//! A thread that waits needs 20 KiB or more: `thousand_idle_threads`.
//!
//! - A variable that is used before and after an `.await` is part of the future, and each task has
//!   its own: with a buffer of 8 KiB in each, these tasks need 80 MB more.
//! - Tasks are cheap, but what they use is not. Limit open sockets and requests: `async_semaphore`,
//!   `fanout`.
//!
//! Python: `asyncio.gather(*(asyncio.sleep(3600) for _ in range(10_000)))`
//! Needs: `cargo add anyhow@1`, `cargo add tokio@1 -F macros,rt,test-util`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p asyncio --bin ten_thousand_tasks
//! 10000 tasks wait in a process of 1 thread
//! memory for each: [..] bytes
//! all have ended, after 3600s
//! ```

use std::fs;
use std::time::Duration;

use anyhow::Context;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

const TASKS: usize = 10_000;
const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> anyhow::Result<()> {
    let start = Instant::now();
    let before = status("VmRSS:")?;
    let mut tasks = JoinSet::new();
    for _ in 0..TASKS {
        tasks.spawn(sleep(HOUR));
    }
    sleep(SECOND).await; // time goes on when every task waits
    let memory = 1024 * status("VmRSS:")?.saturating_sub(before);

    let threads = status("Threads:")?;
    println!("{TASKS} tasks wait in a process of {threads} thread");
    println!("memory for each: {} bytes", memory / TASKS);

    tasks.join_all().await;
    println!("all have ended, after {:?}", start.elapsed());
    Ok(())
}

/// Reads a number that the kernel keeps about this process. Memory is in KiB.
fn status(key: &str) -> anyhow::Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let (_, rest) = status.split_once(key).context("no such line")?;
    let number = rest.split_whitespace().next().context("no number")?;
    Ok(number.parse()?)
}
