//! Fixed: one thread, no lock, and all 100 updates count: wait first, then read and write.
//!
//! Between two awaits nothing else runs on this thread, so the read and the write are one step. It
//! costs nothing.
//!
//! - If the await needs the old value, hold a `tokio::sync::Mutex` across it. Then one task at a
//!   time goes on.
//! - If tasks run on several threads, `Cell` does not compile. Use an atomic and `fetch_add`, also
//!   after the await.
//!
//! Python: `size = await fetch()`, and then `total += size`
//! Broken: `race_async_lost_update_broken`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//! Tested: `models/tests/races_async.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_async_lost_update_fixed
//! 100 pages of 1 kB, fetched on one thread: the total is 100 kB
//! ```

use std::cell::Cell;
use std::process::ExitCode;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;

/// Adds what `fetch` returns to `total`.
pub async fn add(total: &Cell<u64>, fetch: impl Future<Output = u64>) {
    let size = fetch.await;
    let seen = total.get(); // FIXED: reads after it has waited
    total.set(seen + size);
}

/// Stands for a download. Returns the size of the page in kB.
pub async fn fetch() -> u64 {
    sleep(Duration::from_millis(10)).await;
    1
}

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let total = Cell::new(0);
    let additions = (0..100).map(|_| add(&total, fetch()));
    join_all(additions).await;

    let total = total.get();
    println!("100 pages of 1 kB, fetched on one thread: the total is {total} kB");
    if total == 100 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
