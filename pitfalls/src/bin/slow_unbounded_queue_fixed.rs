//! Fixed: the channel has a bound of 16, and `send` waits while it is full.
//!
//! That is backpressure: the producer reads its socket or file only as fast as the consumer works.
//! Where the producer must not wait, `try_send` returns an error when the channel is full, and the
//! program decides what to drop. A small bound is enough to keep both sides busy.
//!
//! Python: `asyncio.Queue(maxsize=16)`
//! Broken: `slow_unbounded_queue_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_unbounded_queue_fixed
//! 10000 messages: at most 16 in the queue
//! ```

use std::process::ExitCode;

use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::task;

/// Sends 10000 messages as fast as the channel takes them.
pub async fn produce(queue: Sender<u32>) {
    for message in 0..10_000 {
        if queue.send(message).await.is_err() {
            return; // the consumer is gone
        }
    }
}

/// Handles the messages. Returns how many there were in the queue at most.
pub async fn consume(mut queue: Receiver<u32>) -> usize {
    let mut most = 0;
    loop {
        most = most.max(queue.len());
        let Some(message) = queue.recv().await else {
            return most;
        };
        handle(message).await;
    }
}

/// Stands for work that is slower than the producer.
async fn handle(_message: u32) {
    task::yield_now().await;
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (sender, receiver) = mpsc::channel(16); // FIXED: a bound
    let consumer = task::spawn(consume(receiver));
    produce(sender).await;
    let most = consumer.await.unwrap();

    println!("10000 messages: at most {most} in the queue");
    if most <= 16 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
