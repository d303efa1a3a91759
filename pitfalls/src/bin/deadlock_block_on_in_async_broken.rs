//! Deadlock: `block_on` in async code waits for a task that needs the same thread.
//!
//! You see: the program hangs at `block_on`. tokio's own blocking calls panic instead: "Cannot
//! start a runtime from within a runtime" (`block_on`), "can call blocking only when running on the
//! multi-threaded runtime" (`block_in_place`), "Cannot drop a runtime in a context where blocking
//! is not allowed" (a runtime that is dropped there, such as the one inside `reqwest::blocking`).
//! Why: `block_on` keeps its thread until the future is ready. This one is ready only after another
//! task has run, and that task waits for the same thread. Often the call hides in a function that
//! is not async itself.
//! Rule: `block_on` belongs in `main` and on threads of your own; async code uses `.await`.
//!
//! Python: `asyncio.run_coroutine_threadsafe(f(), loop).result()` in the loop's own thread hangs;
//! `asyncio.run(f())` there fails: "asyncio.run() cannot be called from a running event loop"
//! Caught by: clippy `unused_async` (opt-in), in a function that awaits nothing at all
//! Fixed: `deadlock_block_on_in_async_fixed`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_block_on_in_async_broken
//! ? 1
//! the warehouse is asked
//! at least 5 pieces, within 300ms: Err(Timeout)
//! ```

#![warn(clippy::unused_async)] // not on by default

use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures::executor::block_on;
use tokio::task;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Returns whether the warehouse has at least `wanted` pieces.
#[expect(clippy::unused_async, reason = "the mistake that this file shows")]
pub async fn has(wanted: u32) -> bool {
    let stock = block_on(ask_warehouse()); // BROKEN: blocks the thread of the other task
    stock >= wanted
}

/// Asks another task how many pieces there are.
async fn ask_warehouse() -> u32 {
    println!("the warehouse is asked");
    let warehouse = task::spawn(async {
        println!("the warehouse answers");
        7
    });
    warehouse.await.expect("the warehouse does not panic")
}

#[tokio::main(flavor = "current_thread")]
async fn has_5_on_one_thread() -> bool {
    has(5).await
}

fn main() -> ExitCode {
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let answer = has_5_on_one_thread();
        sender.send(answer).unwrap();
    });

    let answer = receiver.recv_timeout(LIMIT);
    println!("at least 5 pieces, within {LIMIT:?}: {answer:?}");
    if answer == Ok(true) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
