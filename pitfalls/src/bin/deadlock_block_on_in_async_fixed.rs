//! Fixed: the answer is awaited, so the task that answers can run.
//!
//! A function that calls async code is async itself, up to `main`; that is the price. Where the
//! caller cannot become async, give it a thread of its own (`task::spawn_blocking`) and call
//! `Handle::block_on` there. `task::block_in_place` helps on a runtime with many threads only.
//!
//! Python: `await ask()`.
//! Broken: `deadlock_block_on_in_async_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_block_on_in_async_fixed
//! done: at least 5 pieces: Some(true)
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, Sender, channel};
use tokio::sync::oneshot;
use tokio::task;

/// Whether the warehouse has at least `wanted` pieces; `None` if it does not answer any more.
pub async fn has(warehouse: &Sender<oneshot::Sender<u32>>, wanted: u32) -> Option<bool> {
    let stock = ask(warehouse).await?; // FIXED: the thread is free until the answer comes
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
    let gave_up = match answers.recv_timeout(Duration::from_secs(10)) {
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
