//! Fixed: each task gives its permit back before it asks for the next one.
//!
//! Whoever waits holds nothing, so the permits come back as downloads end. Other pages may come in
//! between a page and its picture; where both must go together, take both in one step with
//! `acquire_many(2)`, and never ask for more than the semaphore has.
//!
//! Python: two `async with semaphore:` blocks, one after the other.
//! Broken: `deadlock_nested_permits_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_nested_permits_fixed
//! done: 2 pages with their pictures, 60 bytes
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
    let for_page = permits.acquire().await?;
    let bytes = page.await;
    drop(for_page); // FIXED: who waits holds nothing
    let _for_picture = permits.acquire().await?;
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
