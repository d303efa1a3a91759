//! Lost: a loop over a broadcast channel ends at the first message that it missed.
//!
//! You see: a subscriber gets nothing any more after a burst, and there is no error:
//! `RecvError::Lagged`.
//! Why: a broadcast channel keeps only the last messages. A receiver that is too slow gets
//! `Err(Lagged(n))` once, which says that n messages are gone, and then the oldest one that is
//! left. `while let Ok(..)` takes that for the end.
//! Rule: only `Closed` is the end; after `Lagged` go on.
//!
//! Python: no such channel in asyncio; a `Queue(maxsize=n)` for each subscriber, and `QueueFull`
//! Caught by: no lint
//! Fixed: `lost_stream_on_lag_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_stream_on_lag_broken
//! ? 1
//! 6 sent, room for 4: received 0, missed 0
//! ```

use std::process::ExitCode;

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
    while let Ok(message) = channel.recv().await {
        received.messages.push(message);
    }
    received // BROKEN: also after `Lagged`
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
