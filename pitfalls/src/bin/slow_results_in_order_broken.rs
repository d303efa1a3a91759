//! Slow: results are handled in the order asked, so the first that is ready waits for the slowest.
//!
//! You see: all requests run at once, and still nothing is shown until the slow one has answered.
//! Why: `for task in tasks` awaits the first task, and looks at the second only after that, though
//! it ended long ago. `join_all` and `buffered` keep the order as well.
//! Rule: where the order does not matter, take the results as they end.
//!
//! Python: `for task in tasks: handle(await task)`, and `executor.map`
//! Caught by: no lint
//! Fixed: `slow_results_in_order_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_results_in_order_broken
//! ? 1
//! the first page is shown after 3s
//! ```

use std::process::ExitCode;
use std::time::Duration;

use tokio::task::{self, JoinError};
use tokio::time::{Instant, sleep};

/// Fetches the pages, all at once, and calls `show` with each.
///
/// # Errors
/// If a fetch panicked.
pub async fn show_all(pages: &[u64], mut show: impl FnMut(u64)) -> Result<(), JoinError> {
    let mut tasks = Vec::new();
    for page in pages {
        tasks.push(task::spawn(fetch(*page)));
    }
    for task in tasks {
        show(task.await?); // BROKEN: waits for the first although others are ready
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
