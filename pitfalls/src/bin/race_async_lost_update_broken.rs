//! Race: one thread, and still 99 of 100 updates are lost across an `.await`.
//!
//! You see: a total that is too small, in async code on a single thread.
//! Why: `get`, `.await`, `set`: at the await the other tasks run, and all of them have read the
//! same old total. `total.set(total.get() + fetch.await)` does the same in one line. The `Cell`
//! proves that there is only one thread: that rules out data races, but not race conditions.
//! Nothing is forced here, an await that has to wait is enough.
//! Rule: no await between reading a shared value and writing it.
//!
//! Python: `total += await fetch()`, which reads `total` before it waits
//! Caught by: no lint; shuttle (`models/tests/races_async.rs`)
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
    let seen = total.get(); // BROKEN: reads before it waits
    let size = fetch.await;
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
