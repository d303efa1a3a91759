//! Hand items from producers to a consumer through a bounded queue that ends by itself.
//!
//! Use it where making items and using them can overlap: read while you compute, compute while you
//! write. The queue is a channel with a capacity. While it is full `send` waits, so a fast producer
//! cannot fill the memory. When the last producer drops its sender, the consumer's loop ends: no
//! sentinel is needed.
//!
//! - A sender that is never dropped keeps the loop waiting forever: `deadlock_sender_alive`.
//! - When the consumer stops early (`break`, a panic) the receiver is dropped, `send` returns an
//!   error, and the producers end.
//! - A capacity of 0 makes `send` wait until the consumer takes the item.
//! - For several consumers, use `crossbeam::channel::bounded`. In async code:
//!   `async_producer_consumer`.
//!
//! Python: `queue.Queue(4)`, and a sentinel for each consumer or `Queue.shutdown`
//! Needs: nothing
//! Tested: `threading/tests/proof/producer_consumer.rs`, `models/tests/threading_sync.rs`
//!
//! ```console
//! $ cargo run -p threading --bin producer_consumer
//! 2 producers, 1 consumer: 100 items, their sum is 5050
//! ```

use std::sync::mpsc;
use std::thread;

/// Runs each producer on a thread of its own, and hands the items to `consume` on this thread.
/// The items of one producer come in order. At most `capacity` items wait in the queue.
///
/// # Panics
/// If `consume` or a producer panics, after all threads have ended.
pub fn produce_and_consume<T: Send>(
    producers: Vec<impl Iterator<Item = T> + Send>,
    capacity: usize,
    mut consume: impl FnMut(T),
) {
    let (sender, queue) = mpsc::sync_channel(capacity);
    thread::scope(|scope| {
        for producer in producers {
            let sender = sender.clone();
            scope.spawn(move || {
                for item in producer {
                    if sender.send(item).is_err() {
                        return; // the consumer has stopped
                    }
                }
            });
        }
        // The producers have their own. With this one the loop below would never end.
        drop(sender);
        for item in queue {
            consume(item);
        }
    });
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() {
    let mut count = 0;
    let mut sum = 0;
    produce_and_consume(vec![1..=50, 51..=100], 4, |item| {
        count += 1;
        sum += item;
    });
    println!("2 producers, 1 consumer: {count} items, their sum is {sum}");
}
