//! Fixed: each result is handled as soon as its task has ended.
//!
//! A `JoinSet` returns its tasks in the order in which they end, and owns them. If the result must
//! say what it belongs to, return the key with it. Without tasks: `buffer_unordered` or
//! `FuturesUnordered` of the crate futures.
//!
//! Python: `for task in asyncio.as_completed(tasks): handle(await task)`
//! Broken: `slow_results_in_order_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_results_in_order_fixed
//! the first page is shown after 1s
//! ```

use std::process::ExitCode;
use std::time::Duration;

use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, sleep};

/// Fetches the pages, all at once, and calls `show` with each.
///
/// # Errors
/// If a fetch panicked.
pub async fn show_all(pages: &[u64], mut show: impl FnMut(u64)) -> Result<(), JoinError> {
    let mut tasks = JoinSet::new();
    for page in pages {
        tasks.spawn(fetch(*page));
    }
    while let Some(page) = tasks.join_next().await {
        show(page?); // FIXED: as they end
    }
    Ok(())
}

/// Stands for a download: the page of that many seconds.
async fn fetch(page: u64) -> u64 {
    sleep(Duration::from_secs(page)).await;
    page
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> Result<ExitCode, JoinError> {
    let start = Instant::now();
    let mut shown_after = Vec::new();
    show_all(&[3, 1, 2], |_page| shown_after.push(start.elapsed())).await?;

    let first = shown_after[0].as_secs();
    println!("the first page is shown after {first}s");
    if first == 1 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
