//! Fixed: the three requests are awaited together, with `join!`.
//!
//! `join!` polls all three on the same task, so they wait at the same time, but compute one after
//! the other. `try_join!` stops at the first error. For a list there is `join_all`, or `buffered`
//! where not all of them may run at once (`fanout`); `spawn` each one where they also compute.
//!
//! Python: `await asyncio.gather(a(), b(), c())`, or an `asyncio.TaskGroup`
//! Broken: `slow_sequential_awaits_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_sequential_awaits_fixed
//! user, orders, news after 1s
//! ```

use std::process::ExitCode;
use std::time::Duration;

use tokio::join;
use tokio::time::{Instant, sleep};

/// Returns the page of a user: three answers of the server.
pub async fn load_page() -> String {
    // FIXED: waits for all three at once
    let (user, orders, news) = join!(request("user"), request("orders"), request("news"));
    format!("{user}, {orders}, {news}")
}

/// Stands for a request that takes a second.
async fn request(name: &str) -> &str {
    sleep(Duration::from_secs(1)).await;
    name
}

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let start = Instant::now();
    let page = load_page().await;

    let seconds = start.elapsed().as_secs();
    println!("{page} after {seconds}s");
    if seconds == 1 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
