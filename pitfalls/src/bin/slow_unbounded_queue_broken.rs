//! Slow: a channel without a bound grows for as long as its consumer is the slower side.
//!
//! You see: memory that grows without end, under load only; what arrives late is older and older.
//! Why: `send` on an unbounded channel never waits, so nobody tells the producer that the consumer
//! cannot follow. The queue holds the difference.
//! Rule: every channel has a bound, and a full one makes the producer wait.
//!
//! Python: `asyncio.Queue()` and `queue.Queue()`, which have no bound by default
//! Caught by: no lint; clippy's `disallowed_methods` can name `unbounded_channel`
//! Fixed: `slow_unbounded_queue_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_unbounded_queue_broken
//! ? 1
//! 10000 messages: at most 10000 in the queue
//! ```

use std::process::ExitCode;

use tokio::sync::mpsc::{self, UnboundedReceiver, UnboundedSender};
use tokio::task;

/// Sends 10000 messages as fast as the channel takes them.
pub async fn produce(queue: UnboundedSender<u32>) {
    for message in 0..10_000 {
        if queue.send(message).is_err() {
            return; // the consumer is gone
        }
    }
}

/// Handles the messages. Returns how many there were in the queue at most.
pub async fn consume(mut queue: UnboundedReceiver<u32>) -> usize {
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
    let (sender, receiver) = mpsc::unbounded_channel(); // BROKEN: no bound
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
