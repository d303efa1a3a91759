//! Test an hour of waiting in a millisecond: in a test, tokio's clock can be paused.
//!
//! Use it for timeouts, retries, intervals and caches. `#[tokio::test(start_paused = true)]` stands
//! above the test. When every task waits, the clock jumps to the next deadline, so nothing really
//! waits and every time is exact. The tests are at the end of this file. Run them with
//! `cargo test -p asyncio --bin test_with_paused_time`.
//!
//! - Only tokio's clock is paused. Code under test has to use `tokio::time::Instant`; std's
//!   `Instant` and `SystemTime` go on as always.
//! - A task that waits for a socket or a process waits for no deadline, so the clock jumps and a
//!   timeout around it is over at once. Give the code `tokio::io::duplex` instead of a socket.
//! - `tokio::time::advance` moves the clock by hand. All of this needs the `current_thread`
//!   runtime, which `#[tokio::test]` has by default.
//!
//! Python: trio's `MockClock(autojump_threshold=0)`; asyncio itself has nothing like it
//! Needs: `cargo add tokio@1 -F time`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/test_with_paused_time.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin test_with_paused_time
//! ready: false, after 3600s
//! within a minute of real time: true
//! ```

use std::time::Duration;

use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);

/// Asks `is_ready` every minute until it says yes, for an hour. Returns whether it ever did.
pub async fn wait_until_ready(mut is_ready: impl AsyncFnMut() -> bool) -> bool {
    for _ in 0..60 {
        if is_ready().await {
            return true;
        }
        sleep(MINUTE).await;
    }
    false
}

// ---- Demo ----------------------------------------------------------------------------------

use tokio::time::Instant;

// Time is paused, as in the tests below.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let real_start = std::time::Instant::now();
    let ready = wait_until_ready(async || false).await;
    println!("ready: {ready}, after {:?}", start.elapsed());
    let was_quick = real_start.elapsed() < MINUTE;
    println!("within a minute of real time: {was_quick}");
}

// In a project of your own these stand in `mod tests`.

#[tokio::test(start_paused = true)]
async fn it_returns_at_the_first_yes() {
    let start = Instant::now();
    let ready = wait_until_ready(async || start.elapsed() >= 5 * MINUTE).await;
    assert!(ready);
    assert_eq!(start.elapsed(), 5 * MINUTE);
}

#[tokio::test(start_paused = true)]
async fn it_gives_up_after_an_hour() {
    let start = Instant::now();
    let ready = wait_until_ready(async || false).await;
    assert!(!ready);
    assert_eq!(start.elapsed(), 60 * MINUTE);
}
