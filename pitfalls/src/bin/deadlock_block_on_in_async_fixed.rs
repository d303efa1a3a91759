//! Fixed: the answer is awaited, so the task that gives it can run.
//!
//! `.await` gives the thread back to the runtime until the answer is there. The price: a function
//! that calls async code is async itself, and so is its caller, up to `main`. Where a caller cannot
//! become async, run it in `task::spawn_blocking`, on a thread that may block, and call
//! `Handle::block_on` there. `task::block_in_place` needs the multi-threaded runtime.
//!
//! Python: `await f()`; for a caller that is not async, `await asyncio.to_thread(caller)`
//! Broken: `deadlock_block_on_in_async_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_block_on_in_async_fixed
//! the warehouse is asked
//! the warehouse answers
//! at least 5 pieces, within 10s: Ok(true)
//! ```

use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::task;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Returns whether the warehouse has at least `wanted` pieces.
pub async fn has(wanted: u32) -> bool {
    let stock = ask_warehouse().await; // FIXED: the other task can run meanwhile
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
