//! Deadlock: a task holds a permit of a semaphore and waits for another one.
//!
//! You see: it works with a few pages; with many at once all downloads stop, without an error. With
//! a connection pool: "pool timed out while waiting for an open connection".
//! Why: once every permit is held by a task that waits for one more, no permit comes back. It often
//! hides in a function that takes a permit and calls another one that does, or in a recursion.
//! Rule: a task that holds a permit never waits for another one of the same semaphore.
//!
//! Python: `async with semaphore:` inside `async with semaphore:`
//! Caught by: no lint; shuttle (`models/tests/deadlocks_async.rs`); tokio's task dump, which names
//! the line that waits
//! Fixed: `deadlock_nested_permits_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_nested_permits_broken
//! ? 1
//! after 60 s: 0 of 2 pages loaded, 0 of 2 permits free
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::{task, time};

/// Downloads a page and its picture, and returns the bytes of both.
pub async fn load(permits: &Semaphore) -> u64 {
    let _permit = permits.acquire().await.unwrap(); // BROKEN: each download takes one too
    let page = download(permits, 10).await;
    let picture = download(permits, 20).await;
    page + picture
}

/// Stands for a download of `bytes`, which holds one of `permits` while it lasts.
async fn download(permits: &Semaphore, bytes: u64) -> u64 {
    let _permit = permits.acquire().await.unwrap();
    time::sleep(Duration::from_secs(1)).await;
    bytes
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let permits = Arc::new(Semaphore::new(2));
    let mut pages = Vec::new();
    for _ in 0..2 {
        let permits = Arc::clone(&permits);
        pages.push(task::spawn(async move { load(&permits).await }));
    }

    // The clock is paused: it jumps to the next timer whenever all tasks wait.
    time::sleep(Duration::from_secs(60)).await;
    let finished = pages.iter().filter(|page| page.is_finished());
    let loaded = finished.count();
    let free = permits.available_permits();
    println!("after 60 s: {loaded} of 2 pages loaded, {free} of 2 permits free");
    if loaded == 2 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
