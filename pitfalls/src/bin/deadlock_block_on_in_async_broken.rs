//! Deadlock: `block_on` inside a task waits for another task of the same thread.
//!
//! You see: the program hangs at `block_on`; with tokio's own `block_on` it panics instead:
//! "Cannot start a runtime from within a runtime".
//! Why: `block_on` keeps the thread until its future is ready. The answer comes from a task that
//! needs this thread. It often hides in a function that is not async and calls async code.
//! Rule: `block_on` belongs in `main` and on threads of your own; in async code use `.await`.
//!
//! Python: `asyncio.run_coroutine_threadsafe(ask(), loop).result()` on the loop's own thread.
//! Caught by: clippy `unused_async` (opt-in), in a function that awaits nothing at all; tokio's own
//! `block_on`, which panics.
//! Fixed: `deadlock_block_on_in_async_fixed`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_block_on_in_async_broken
//! ? 1
//! deadlock: 1 question waits for the warehouse, and `block_on` keeps the only thread
//! ```

#![warn(clippy::unused_async)]

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use futures::executor;
use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use tokio::task;

/// Whether the warehouse has at least `wanted` pieces; `None` if it does not answer any more.
#[expect(clippy::unused_async, reason = "the mistake that this file shows")]
pub async fn has(warehouse: &Sender<oneshot::Sender<u32>>, wanted: u32) -> Option<bool> {
    let stock = executor::block_on(ask(warehouse))?; // BROKEN: keeps the thread that answers
    Some(stock >= wanted)
}

async fn ask(warehouse: &Sender<oneshot::Sender<u32>>) -> Option<u32> {
    let (reply, answer) = oneshot::channel();
    warehouse.send(reply).await.ok()?;
    answer.await.ok()
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let (warehouse, questions) = channel(1);
    let (done, answers) = mpsc::channel();
    let shared = warehouse.clone();
    thread::spawn(move || done.send(on_one_thread(&shared, questions)));
    let gave_up = match answers.recv_timeout(Duration::from_millis(300)) {
        Ok(answer) => {
            println!("done: at least 5 pieces: {answer:?}");
            return if answer == Some(true) {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        Err(gave_up) => gave_up,
    };
    let waiting = warehouse.max_capacity() - warehouse.capacity();
    if gave_up == RecvTimeoutError::Timeout && waiting == 1 {
        println!(
            "deadlock: 1 question waits for the warehouse, and `block_on` keeps the only thread"
        );
    }
    ExitCode::FAILURE
}

#[tokio::main(flavor = "current_thread")]
async fn on_one_thread(
    warehouse: &Sender<oneshot::Sender<u32>>,
    mut questions: Receiver<oneshot::Sender<u32>>,
) -> Option<bool> {
    task::spawn(async move {
        while let Some(reply) = questions.recv().await {
            let _gone = reply.send(7); // an error: nobody waits for this answer any more
        }
    });
    has(warehouse, 5).await
}
