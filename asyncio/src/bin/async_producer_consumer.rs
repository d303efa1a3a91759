//! Hand each item of a bounded channel to one of several consumer tasks.
//!
//! Use it where making items and using them can overlap, and one consumer is too slow. The receiver
//! of tokio's channel has one owner, so the consumers share it behind tokio's lock. `next_item`
//! holds the lock until an item comes. While the channel is full `send` waits, so a fast producer
//! cannot fill the memory. When the last sender is dropped, `next_item` returns `None`.
//!
//! - For several producers, clone the sender. A sender that is never dropped keeps the consumers
//!   waiting forever.
//! - When all consumers have ended, the receiver is dropped, and `send` returns an error.
//! - Dropping `next_item` half-way loses no item. Dropping `send` half-way loses its item: in a
//!   `select!`, wait for `reserve` instead.
//! - Ready-made: the crates `async-channel` and `flume`. For a list or a stream of items:
//!   `for_each_concurrent`. In threads: `producer_consumer`.
//!
//! Python: `asyncio.Queue(4)`, and a sentinel for each consumer or `Queue.shutdown`
//! Needs: `cargo add tokio@1 -F sync`
//! Demo needs: `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/async_producer_consumer.rs`, `models/tests/asyncio.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin async_producer_consumer
//! 3 consumers: 100 items, their sum is 5050
//! ```

use tokio::sync::{Mutex, mpsc};

/// Takes the next item from a queue that several consumers share. Returns `None` when the queue is
/// empty and all senders have been dropped.
pub async fn next_item<T>(queue: &Mutex<mpsc::Receiver<T>>) -> Option<T> {
    let mut receiver = queue.lock().await;
    receiver.recv().await
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::Arc;

use tokio::task::{JoinError, JoinSet};

#[tokio::main]
async fn main() -> Result<(), JoinError> {
    let (sender, receiver) = mpsc::channel(4);
    let queue = Arc::new(Mutex::new(receiver));

    let mut consumers = JoinSet::new();
    for _ in 0..3 {
        consumers.spawn(consume(queue.clone()));
    }
    drop(queue); // the consumers have their own, and `send` fails once these are gone

    for item in 1..=100 {
        let sent = sender.send(item).await;
        sent.expect("the consumers run until the sender is dropped");
    }
    drop(sender); // ends the consumers

    let mut items = Vec::new();
    while let Some(consumed) = consumers.join_next().await {
        items.extend(consumed?);
    }
    let sum: u32 = items.iter().sum();
    println!("3 consumers: {} items, their sum is {sum}", items.len());
    Ok(())
}

/// Returns the items that this consumer got.
async fn consume(queue: Arc<Mutex<mpsc::Receiver<u32>>>) -> Vec<u32> {
    let mut items = Vec::new();
    while let Some(item) = next_item(&queue).await {
        items.push(item);
    }
    items
}
