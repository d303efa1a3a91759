//! Let at most N tasks do something at once: tokio's semaphore.
//!
//! Use it to protect something that takes only so many users at once: a server, a disk, memory.
//! `acquire` waits until a permit is free. Dropping the permit gives it back, also on `?`, on
//! panic, and when the task is canceled. `with_permit` runs any future that way.
//!
//! - It is fair: tasks get their permits in the order in which they asked. A task that stops
//!   waiting, for example in a `select!`, loses its place.
//! - If you spawn many tasks, acquire the permit before `spawn`, with `acquire_owned`. Otherwise
//!   all of them exist at once and wait: `slow_permit_after_spawn`.
//! - Do not ask for a second permit while you hold one (`deadlock_nested_permits`): use
//!   `acquire_many`.
//! - For a list of futures: `buffer_unordered` (`fanout`). For a limit per second: `rate_limit`. In
//!   threads: `semaphore_limit`.
//!
//! Python: `semaphore = asyncio.Semaphore(2)` and `async with semaphore:`
//! Needs: `cargo add tokio@1 -F sync`
//! Demo needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/async_semaphore.rs`, `models/tests/asyncio.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin async_semaphore
//! 10 downloads of 1s, 2 permits: at most 2 at once, after 5s
//! ```

use tokio::sync::Semaphore;

/// Waits for a permit, and runs `future` with it. The permit is given back when the future ends,
/// panics or is dropped.
///
/// # Panics
/// If `permits` has been closed.
pub async fn with_permit<F: Future>(permits: &Semaphore, future: F) -> F::Output {
    let _permit = permits.acquire().await.expect("nobody closes it");
    future.await
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use futures::future::join_all;
use tokio::time::{Instant, sleep};

static RUNNING: AtomicUsize = AtomicUsize::new(0);
static MOST_RUNNING: AtomicUsize = AtomicUsize::new(0);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let permits = Semaphore::new(2);
    let downloads = (0..10).map(|_| with_permit(&permits, download()));
    join_all(downloads).await;

    println!(
        "10 downloads of 1s, 2 permits: at most {} at once, after {:?}",
        MOST_RUNNING.load(Relaxed),
        start.elapsed()
    );
}

async fn download() {
    let running = RUNNING.fetch_add(1, Relaxed) + 1;
    MOST_RUNNING.fetch_max(running, Relaxed);
    sleep(Duration::from_secs(1)).await;
    RUNNING.fetch_sub(1, Relaxed);
}
