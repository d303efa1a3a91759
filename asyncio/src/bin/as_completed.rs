//! Take results in the order in which they are ready, not in the order asked.
//!
//! Use it where a result is worth something at once: to show it, to pass it on, to stop early. Put
//! the futures into a `FuturesUnordered`, or spawn them into a `JoinSet`. Both hand over whichever
//! ends next, so let each future return what tells it from the others.
//!
//! - A `FuturesUnordered` runs its futures on your task, and only while you wait for the next one.
//!   They may borrow from your function. What the body of the loop awaits holds them up:
//!   `deadlock_stream_not_polled`.
//! - A `JoinSet` runs tasks. They go on whatever your code does, on all cores, and must be
//!   `'static`. A panic is an error of its own task.
//! - Dropping either of them cancels what has not ended.
//! - With a limit, or for items without an end: `buffer_unordered` (`fanout`, `fanout_stream`).
//!   Results in the order asked: `gather_join`.
//!
//! Python: `for next_one in asyncio.as_completed(coroutines): result = await next_one`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p asyncio --bin as_completed
//! number 2 after 1s
//! number 0 after 2s
//! number 1 after 3s
//! task 2 after 1s
//! task 0 after 2s
//! task 1 after 3s
//! ```

use std::time::Duration;

use futures::StreamExt;
use futures::stream::FuturesUnordered;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let seconds = [2, 3, 1];

    let start = Instant::now();
    let mut downloads = FuturesUnordered::new();
    for (number, takes) in seconds.into_iter().enumerate() {
        downloads.push(download(number, takes));
    }
    while let Some(number) = downloads.next().await {
        println!("number {number} after {:?}", start.elapsed());
    }

    let start = Instant::now();
    let mut tasks = JoinSet::new();
    for (number, takes) in seconds.into_iter().enumerate() {
        tasks.spawn(download(number, takes));
    }
    while let Some(ended) = tasks.join_next().await {
        match ended {
            Ok(number) => println!("task {number} after {:?}", start.elapsed()),
            Err(error) => println!("{error}"), // it has panicked
        }
    }
}

/// Stands for a download that takes so many seconds.
async fn download(number: usize, seconds: u64) -> usize {
    sleep(Duration::from_secs(seconds)).await;
    number
}
