//! Deadlock: each task holds a permit of a semaphore and asks for another one.
//!
//! You see: it works with few pages; with many at once, all downloads stop. No error.
//! Why: once every permit is held by a task that asks for one more, each of them waits for what
//! another one holds. It often hides in a recursion that takes a permit at each level.
//! Rule: whoever holds a permit does not wait for another one of the same semaphore.
//!
//! Python: `async with semaphore:` inside `async with semaphore:`.
//! Caught by: no lint; shuttle (`models/tests/deadlocks_async.rs`); tokio's task dump, which
//! names the line that waits.
//! Fixed: `deadlock_nested_permits_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_nested_permits_broken
//! ? 1
//! deadlock: 2 pages hold a permit each, 0 of 2 permits are free, and each page asks for one more
//! ```

use std::future::Future;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{AcquireError, Semaphore};
use tokio::task::{self, JoinSet};
use tokio::time;

/// Downloads a page, then its picture, and returns the bytes of both. Each download takes one of
/// `permits`.
///
/// # Errors
///
/// If `permits` is closed.
pub async fn load(
    permits: &Semaphore,
    page: impl Future<Output = u64>,
    picture: impl Future<Output = u64>,
) -> Result<u64, AcquireError> {
    let _for_page = permits.acquire().await?;
    let bytes = page.await;
    let _for_picture = permits.acquire().await?; // BROKEN: the one for the page is still held
    Ok(bytes + picture.await)
}

// Only for the demo from here on.

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let permits = Arc::new(Semaphore::new(2));
    let mut all = task::spawn(load_all(permits.clone(), 2));

    // The clock is paused. It jumps forward only when every task waits.
    if let Ok(loaded) = time::timeout(Duration::from_secs(60), &mut all).await {
        println!(
            "done: 2 pages with their pictures, {} bytes",
            loaded.expect("no page panics")
        );
        return ExitCode::SUCCESS;
    }
    let free = permits.available_permits();
    if !all.is_finished() && free == 0 {
        println!(
            "deadlock: 2 pages hold a permit each, {free} of 2 permits are free, and each page asks for one more"
        );
    }
    ExitCode::FAILURE
}

/// Loads `pages` pages at the same time and returns the bytes of them all.
pub async fn load_all(permits: Arc<Semaphore>, pages: usize) -> u64 {
    let mut loading = JoinSet::new();
    for _ in 0..pages {
        let permits = permits.clone();
        loading.spawn(async move { load(&permits, download(10), download(20)).await });
    }
    let mut bytes = 0;
    while let Some(loaded) = loading.join_next().await {
        bytes += loaded
            .expect("no page panics")
            .expect("nobody closes the semaphore");
    }
    bytes
}

async fn download(bytes: u64) -> u64 {
    time::sleep(Duration::from_secs(1)).await; // stands for the network
    bytes
}
