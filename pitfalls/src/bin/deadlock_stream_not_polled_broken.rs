//! Deadlock: the body of a `buffer_unordered` loop waits for what a future of the stream holds.
//!
//! You see: a loop over `buffered`, `buffer_unordered` or `FuturesUnordered` stops after its first
//! items; the same requests one by one are fine. Half of them look as if their connection had timed
//! out.
//! Why: the futures in the stream run only while `next` is polled. While the body awaits something
//! else, they are not polled, and keep the permits, locks and connections that they have or are
//! handed.
//! Rule: what the stream's futures hold must not be needed in the body: spawn them, or do it
//! inside.
//!
//! Python: does not happen: `asyncio.as_completed` makes tasks, which run by themselves
//! Caught by: no lint
//! Fixed: `deadlock_stream_not_polled_fixed`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_stream_not_polled_broken
//! ? 1
//! saved 0 of 3 pages within 60 s
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::sync::Semaphore;
use tokio::time::{sleep, timeout};

/// Fetches the pages, two at a time, and counts in `saved` those that it has saved.
pub async fn fetch_and_save(pages: u32, connections: Arc<Semaphore>, saved: &AtomicU32) {
    let pages = stream::iter(0..pages);
    let fetches = pages.map(|page| fetch(page, Arc::clone(&connections)));
    let mut fetched = fetches.buffer_unordered(2);
    while let Some(_page) = fetched.next().await {
        // BROKEN: the next fetch is handed the connection, and not polled
        save(&connections).await;
        saved.fetch_add(1, Relaxed);
    }
}

async fn fetch(page: u32, connections: Arc<Semaphore>) -> u32 {
    let _connection = connections.acquire().await;
    sleep(Duration::from_secs(1)).await;
    page
}

async fn save(connections: &Semaphore) {
    let _connection = connections.acquire().await;
    sleep(Duration::from_secs(1)).await;
}

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let connections = Arc::new(Semaphore::new(1));
    let saved = AtomicU32::new(0);
    let saving = fetch_and_save(3, connections, &saved);
    let in_time = timeout(Duration::from_secs(60), saving).await;

    let saved = saved.load(Relaxed);
    println!("saved {saved} of 3 pages within 60 s");
    if in_time.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
