//! Fixed: the loop counts what it missed and goes on with the oldest message that is left.
//!
//! What was missed is gone for good: a subscriber that needs every message gets an mpsc channel
//! of its own, and the sender waits for it. One that needs only the latest value gets a `watch`
//! channel (`broadcast_watch`). A larger capacity makes it rarer, never impossible.
//!
//! Python: count what was dropped, and say so
//! Broken: `lost_stream_on_lag_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_stream_on_lag_fixed
//! 6 sent, room for 4: received 4, missed 2
//! ```

use std::process::ExitCode;

use tokio::sync::broadcast::error::RecvError;
use tokio::sync::broadcast::{self, Receiver};

/// What a subscriber got.
#[derive(Default)]
pub struct Received {
    messages: Vec<u32>,
    missed: u64,
}

/// Receives until the sender is gone.
pub async fn subscribe(mut channel: Receiver<u32>) -> Received {
    let mut received = Received::default();
    loop {
        match channel.recv().await {
            Ok(message) => received.messages.push(message),
            Err(RecvError::Lagged(count)) => received.missed += count, // FIXED: goes on
            Err(RecvError::Closed) => return received,
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (sender, receiver) = broadcast::channel(4);
    for message in 0..6 {
        sender.send(message).unwrap();
    }
    drop(sender);
    let received = subscribe(receiver).await;

    let count = received.messages.len();
    let missed = received.missed;
    println!("6 sent, room for 4: received {count}, missed {missed}");
    if count == 4 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
