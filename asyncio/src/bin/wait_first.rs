//! Wait for the first of several futures to end, and cancel the others.
//!
//! Use `select!` for a fixed number of futures, which may be of different types, and `select_all`
//! for a list. `select_ok` waits for the first success, and returns an error only when all have
//! failed. A future that has lost is dropped, which cancels it at its current `.await`.
//!
//! - `select_all` and `select_ok` give back the futures that have not ended: keep them to go on
//!   waiting, or drop them.
//! - If several are ready at once, `select!` takes one of them at random. Begin it with `biased;`
//!   to prefer those further up.
//! - A future that is canceled half-way may have done a part of its work, such as reading half a
//!   message: `lost_bytes_in_select`.
//! - Spawned tasks are not canceled when their handles are dropped. Put them into a `JoinSet` and
//!   call `join_next`; dropping the set stops the others.
//! - To wait for each of them: `as_completed`. A second request only if the first one is slow:
//!   `hedged_request`.
//!
//! Python: `asyncio.wait(tasks, return_when=FIRST_COMPLETED)`, then `task.cancel()` for those
//! pending
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p asyncio --bin wait_first
//!   near has ended
//! select!: Ok("near"), after 2s
//!   down has ended
//! select_all: Err("down"), number 2 of the list, after 1s
//!   down has ended
//!   near has ended
//! select_ok: near, after 2s
//! an hour later, no other has ended
//! ```

use std::time::Duration;

use futures::future::{select_all, select_ok};
use tokio::select;
use tokio::time::{Instant, sleep};

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let first = select! {
        page = fetch("far", 3) => page,
        page = fetch("near", 2) => page,
    };
    println!("select!: {first:?}, after {:?}", start.elapsed());

    let start = Instant::now();
    let fetches = [fetch("far", 3), fetch("near", 2), fetch("down", 1)];
    let fetches = fetches.map(Box::pin); // `select_all` moves them, so each needs a box
    let (first, index, others) = select_all(fetches).await;
    drop(others); // cancels them
    println!(
        "select_all: {first:?}, number {index} of the list, after {:?}",
        start.elapsed()
    );

    let start = Instant::now();
    let fetches = [fetch("far", 3), fetch("near", 2), fetch("down", 1)];
    let fetches = fetches.map(Box::pin);
    match select_ok(fetches).await {
        Ok((page, others)) => {
            drop(others);
            println!("select_ok: {page}, after {:?}", start.elapsed());
        }
        Err(last_error) => println!("all have failed: {last_error}"),
    }

    sleep(Duration::from_secs(3600)).await;
    println!("an hour later, no other has ended");
}

/// Stands for a request that takes so many seconds.
async fn fetch(mirror: &'static str, seconds: u64) -> Result<&'static str, &'static str> {
    sleep(Duration::from_secs(seconds)).await;
    println!("  {mirror} has ended");
    if mirror == "down" {
        return Err(mirror);
    }
    Ok(mirror)
}
