//! Slow: three requests are awaited one after the other, though none needs the answer of another.
//!
//! You see: async code that is no faster than blocking code; a page that takes the sum of its
//! requests.
//! Why: `.await` runs the future to its end before the next line. Futures do nothing until they are
//! awaited, so calling all three first and awaiting them afterwards changes nothing.
//! `spawn(..).await` in a loop is the same mistake.
//! Rule: what may run at the same time is awaited together.
//!
//! Python: `await a()`, `await b()`, `await c()`
//! Caught by: no lint
//! Fixed: `slow_sequential_awaits_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_sequential_awaits_broken
//! ? 1
//! user, orders, news after 3s
//! ```

use std::process::ExitCode;
use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Returns the page of a user: three answers of the server.
pub async fn load_page() -> String {
    let user = request("user").await;
    // BROKEN: waits although nothing here needs `user`
    let orders = request("orders").await;
    let news = request("news").await;
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
