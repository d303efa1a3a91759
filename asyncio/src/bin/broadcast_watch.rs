//! Tell many tasks the same: every message to each of them, or only the latest value.
//!
//! Use `broadcast` for events, where each receiver should get every message. Use `watch` for a
//! value that changes, such as settings or a state, where only the latest counts. The sender never
//! waits for a slow receiver: `broadcast` keeps the last N messages, and `watch` one value.
//!
//! - A receiver that is more than N messages behind gets `RecvError::Lagged` with the number of
//!   messages that it has missed, and after that the oldest that is left. A loop that ends at this
//!   error loses the rest: `lost_stream_on_lag`. N is rounded up to a power of two.
//! - A `broadcast` receiver gets what is sent after its `subscribe`. A `watch` receiver can
//!   `borrow` the value at once, and `changed` waits for the next one.
//! - Without a receiver `send` is an error, and that of `watch` does not store the value: use
//!   `send_replace`.
//! - `recv` and `changed` can be dropped half-way, for example in a `select!`: nothing is lost.
//! - If no message may be lost, the sender has to wait: a bounded `mpsc` channel for each receiver.
//!
//! Python: an `asyncio.Queue` for each task, and an `asyncio.Condition` around a value
//! Needs: `cargo add tokio@1 -F sync`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/broadcast_watch.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin broadcast_watch
//! broadcast, a fast receiver: [1, 2, 3, 4, 5, 6, 7, 8], missed 0
//! broadcast, a slow receiver: [1, 2, 5, 7, 8], missed 3
//! watch, a slow receiver: [1, 3, 6, 8]
//! ```

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::{broadcast, watch};

/// Calls `handle` with each message, one after the other, until all senders have been dropped.
/// Returns how many messages it has missed because `handle` was too slow.
pub async fn for_each_message<T: Clone>(
    mut receiver: broadcast::Receiver<T>,
    mut handle: impl AsyncFnMut(T),
) -> u64 {
    let mut missed = 0;
    loop {
        match receiver.recv().await {
            Ok(message) => handle(message).await,
            // Not the end: the next message is the oldest that is left.
            Err(RecvError::Lagged(count)) => missed += count,
            Err(RecvError::Closed) => return missed,
        }
    }
}

/// Calls `handle` with the latest value whenever it has changed, until the sender has been dropped.
/// Changes during a call of `handle` count as one. The value that the receiver starts with is not
/// handled: `borrow` it before the call.
pub async fn for_each_change<T: Clone>(
    mut receiver: watch::Receiver<T>,
    mut handle: impl AsyncFnMut(T),
) {
    while receiver.changed().await.is_ok() {
        // Cloned, since a borrow is a lock: held during `handle`, it would block the sender.
        let value = receiver.borrow_and_update().clone();
        handle(value).await;
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use tokio::join;
use tokio::time::sleep;

const SLOW: Duration = Duration::from_millis(270);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (messages, fast) = broadcast::channel(2);
    let slow = messages.subscribe();
    let (state, watcher) = watch::channel(0);

    let send = async move {
        for n in 1..=8 {
            sleep(Duration::from_millis(100)).await;
            messages.send(n).expect("there are two receivers");
            state.send(n).expect("there is a receiver");
        }
    };
    let (fast, slow, watched, ()) = join!(
        receive_messages(fast, Duration::ZERO),
        receive_messages(slow, SLOW),
        receive_changes(watcher, SLOW),
        send,
    );
    println!("broadcast, a fast receiver: {fast}");
    println!("broadcast, a slow receiver: {slow}");
    println!("watch, a slow receiver: {watched}");
}

/// Takes the time `pause` for each message. Returns what it got.
async fn receive_messages(messages: broadcast::Receiver<u32>, pause: Duration) -> String {
    let mut got = Vec::new();
    let missed = for_each_message(messages, async |n| {
        got.push(n);
        sleep(pause).await;
    })
    .await;
    format!("{got:?}, missed {missed}")
}

/// Takes the time `pause` for each change. Returns what it got.
async fn receive_changes(state: watch::Receiver<u32>, pause: Duration) -> String {
    let mut got = Vec::new();
    for_each_change(state, async |n| {
        got.push(n);
        sleep(pause).await;
    })
    .await;
    format!("{got:?}")
}
