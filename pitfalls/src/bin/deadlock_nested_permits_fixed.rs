//! Fixed: only a download takes a permit, and it waits for no other one while it holds it.
//!
//! Whoever waits holds nothing, so each permit comes back when its download ends. Other pages may
//! come between a page and its picture. If both must go together, take both permits in one step,
//! with `acquire_many(2)`, and never ask for more permits than the semaphore has.
//!
//! Python: `async with semaphore:` around the download only, and in no function that calls it
//! Broken: `deadlock_nested_permits_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `models/tests/deadlocks_async.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_nested_permits_fixed
//! after 60 s: 2 of 2 pages loaded, 2 of 2 permits free
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::Semaphore;
use tokio::{task, time};

/// Downloads a page and its picture, and returns the bytes of both.
pub async fn load(permits: &Semaphore) -> u64 {
    let page = download(permits, 10).await; // FIXED: only a download takes a permit
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
