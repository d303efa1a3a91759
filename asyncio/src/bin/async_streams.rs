//! Make streams, and map, filter, cut and merge them: async iterators.
//!
//! Use a stream where values come one after the other and each has to be awaited: lines, pages,
//! messages, ticks. `stream!` makes one from code with `yield`, like an async generator in Python.
//! `unfold` makes one from a state and a function for the next step. The adapters are those of
//! iterators. Instead of `async for`, write `while let Some(item) = stream.next().await`.
//!
//! - A stream is lazy: it runs only while somebody waits for its next item.
//! - `next` can be dropped half-way, in a `select!` or a `timeout`: the next call goes on from
//!   there.
//! - Before `next`, a stream that is made by `stream!` must be pinned: `pin!`, or `Box::pin`.
//! - The adapters work on one item at a time. For more at once: `buffered`, `buffer_unordered`
//!   (`fanout`).
//! - Ready-made: `tokio_stream::wrappers`, for channels, intervals and signals. With a time limit
//!   for each item: `timeouts`.
//!
//! Python: `async def` with `yield`, `async for`, `[x async for x in stream if ...]`
//! Needs: `cargo add async-stream@0.3`, `cargo add futures@0.3`, `cargo add tokio@1 -F sync,time`
//! Demo needs: `cargo add tokio@1 -F full,test-util`, `cargo add tokio-stream@0.1`
//! Tested: `asyncio/tests/proof/async_streams.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin async_streams
//! the first 3 even squares: [4, 16, 36]
//! the first sum above 10: 15
//! two streams merged: ["fast 1", "fast 2", "slow 1", "fast 3", "fast 4"]
//! a stream from a channel: ["from", "a", "channel"]
//! ```

use std::time::Duration;

use async_stream::stream;
use futures::Stream;
use futures::stream::unfold;
use tokio::sync::mpsc;
use tokio::time::sleep;

/// Counts 1, 2, 3 and so on, without an end. Each number comes `pause` after the one before was
/// taken.
pub fn count(pause: Duration) -> impl Stream<Item = u64> {
    stream! {
        for n in 1.. {
            sleep(pause).await;
            yield n;
        }
    }
}

/// Makes a stream of what is sent to a channel. It ends when all senders have been dropped.
pub fn received<T>(receiver: mpsc::Receiver<T>) -> impl Stream<Item = T> {
    // Each step takes the state, and returns an item and the state for the next one, or `None`.
    unfold(receiver, async |mut receiver| {
        let item = receiver.recv().await?;
        Some((item, receiver))
    })
}

// ---- Demo ----------------------------------------------------------------------------------

use std::pin::pin;

use tokio_stream::StreamExt;

const SECOND: Duration = Duration::from_secs(1);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let squares = count(SECOND).map(|n| n * n);
    let even_squares = squares.filter(|n| n % 2 == 0).take(3);
    let even_squares: Vec<u64> = even_squares.collect().await;
    println!("the first 3 even squares: {even_squares:?}");

    let mut numbers = pin!(count(SECOND));
    let mut sum = 0;
    while let Some(n) = numbers.next().await {
        sum += n;
        if sum > 10 {
            break;
        }
    }
    println!("the first sum above 10: {sum}");

    let fast = count(2 * SECOND).map(|n| format!("fast {n}"));
    let slow = count(5 * SECOND).map(|n| format!("slow {n}"));
    let merged = fast.merge(slow).take(5);
    let merged: Vec<String> = merged.collect().await;
    println!("two streams merged: {merged:?}");

    let (sender, receiver) = mpsc::channel(4);
    for word in ["from", "a", "channel"] {
        sender.send(word).await.expect("the receiver is there");
    }
    drop(sender); // ends the stream
    let words: Vec<&str> = received(receiver).collect().await;
    println!("a stream from a channel: {words:?}");
}
