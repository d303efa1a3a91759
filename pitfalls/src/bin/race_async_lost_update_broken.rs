//! Race: one thread, no lock needed, and 99 of 100 updates vanish across an await.
//!
//! You see: a total that is too small, in async code on a single thread.
//! Why: `get`, `.await`, `set`: at the await the other tasks run, and each has read the same old
//! total. The `Cell` proves that there is one thread: one thread rules out data races, not races.
//! Nothing is forced here: the mistake needs nothing but an await that waits.
//! Rule: no await between reading a shared value and writing it.
//!
//! Python: `total += await fetch()`, which reads `total` before it waits.
//! Caught by: no lint; shuttle (`models/tests/races_async.rs`).
//! Fixed: `race_async_lost_update_fixed`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_async_lost_update_broken
//! ? 1
//! 100 pages of 1 kB, fetched on one thread: the total is 1 kB
//! ```

use std::cell::Cell;
use std::process::ExitCode;
use std::time::Duration;

use futures::future::join_all;
use tokio::time::sleep;

/// Adds what `fetch` returns to `total`.
pub async fn add(total: &Cell<u64>, fetch: impl Future<Output = u64>) {
    total.set(total.get() + fetch.await); // BROKEN: reads, waits, and writes history plus 1
}

// Only for the demo from here on.

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let total = Cell::new(0);
    join_all((0..100).map(|_| add(&total, fetch()))).await;
    println!(
        "100 pages of 1 kB, fetched on one thread: the total is {} kB",
        total.get()
    );
    if total.get() == 100 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Stands for a download. Returns the size of the page, in kB.
pub async fn fetch() -> u64 {
    sleep(Duration::from_millis(10)).await;
    1
}
