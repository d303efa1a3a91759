//! Fixed: each future of the stream is a task, which runs on while the body waits.
//!
//! `spawn` gives the future to the runtime, and the stream holds only handles. The other way is to
//! save the page in the same future that fetches it, so that the body of the loop awaits nothing.
//! `deadlock_unpolled_future` is the same mistake without a stream.
//!
//! Python: `for page in asyncio.as_completed(tasks)`
//! Broken: `deadlock_stream_not_polled_broken`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_stream_not_polled_fixed
//! saved 3 of 3 pages within 60 s
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::sync::Semaphore;
use tokio::task;
use tokio::time::{sleep, timeout};

/// Fetches the pages, two at a time, and counts in `saved` those that it has saved.
pub async fn fetch_and_save(pages: u32, connections: Arc<Semaphore>, saved: &AtomicU32) {
    let pages = stream::iter(0..pages);
    // FIXED: each fetch is a task, and runs on while nobody polls the stream
    let fetches = pages.map(|page| task::spawn(fetch(page, Arc::clone(&connections))));
    let mut fetched = fetches.buffer_unordered(2);
    while let Some(_page) = fetched.next().await {
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
