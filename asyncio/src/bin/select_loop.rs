//! Handle messages, a ticker and a shutdown in one loop, and lose nothing when it stops.
//!
//! Use `select!` in a loop for a task that has to wait for several things. It waits for all of its
//! arms at once, and runs the body of one that is ready. The futures of the other arms are dropped,
//! which cancels them, and the next round creates them again. So each arm must be cancel safe:
//! dropping its future half-way must not lose anything.
//!
//! - Cancel safe are `recv` of a channel or a signal, `accept`, `read`, `tick` and `next`. Not
//!   cancel safe are `read_exact`, `read_line` and `write_all`, which lose the bytes that they had
//!   (`lost_bytes_in_select`), and `send` of a channel, which loses its message.
//! - The body of an arm is not canceled. It runs to its end, and no other arm runs meanwhile.
//! - When several arms are ready, `select!` picks one at random. `biased;` makes it pick the first
//!   one from the top. Then an arm that is always ready keeps all those below it from running.
//! - In the run below each message takes 0.6 seconds. At 1.2 seconds a tick and a message are
//!   ready, and the tick goes first. After the stop there are no ticks, only the messages left.
//! - A future made before the loop (`&mut future` in an arm) must not be awaited again after it has
//!   ended: `lost_finished_future`. In threads: `select_channels`.
//!
//! Python: `asyncio.wait(tasks, return_when=FIRST_COMPLETED)` in a loop, with a task for each
//! source
//! Needs: `cargo add tokio@1 -F macros,sync,time`, `cargo add tokio-util@0.7`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/select_loop.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin select_loop
//! 0ns: tick
//! 0ns: message 1
//! 600ms: message 2
//! 1.2s: tick
//! 1.2s: message 3
//! 1.5s: stop
//! 1.8s: message 4
//! message 6 is refused: channel closed
//! 2.4s: message 5
//! ```

use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc::Receiver;
use tokio::time;
use tokio_util::sync::CancellationToken;

/// What the loop has to handle.
pub enum Event<T> {
    /// A message from the channel.
    Message(T),
    /// Another interval is over. The first tick comes at once.
    Tick,
}

/// Calls `handle` with every message, and with a tick each `interval`, until `stop` is canceled or
/// all senders are dropped.
///
/// No message is lost at the stop: those in the channel are handled, and every `send` after that
/// fails and returns its message. Dropping this future loses the messages in the channel.
///
/// Ticks missed during a long `handle` follow in a burst. If `handle` of a tick takes as long as
/// `interval`, no message is received any more.
///
/// # Panics
/// If `interval` is zero.
pub async fn handle_all<T>(
    mut messages: Receiver<T>,
    interval: Duration,
    stop: CancellationToken,
    mut handle: impl AsyncFnMut(Event<T>),
) {
    let mut ticks = time::interval(interval);
    loop {
        select! {
            // From top to bottom. The messages come last: a full channel is always ready.
            biased;
            // Cancel safe: a token stays canceled.
            () = stop.cancelled() => break,
            // Cancel safe: a tick that is due stays due.
            _ = ticks.tick() => handle(Event::Tick).await,
            // Cancel safe: a message leaves the channel only if this arm runs.
            message = messages.recv() => match message {
                Some(message) => handle(Event::Message(message)).await,
                None => return,
            },
        }
    }

    messages.close(); // `send` fails from here on
    while let Some(message) = messages.recv().await {
        handle(Event::Message(message)).await;
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use tokio::sync::mpsc::{self, Sender};
use tokio::time::{Instant, sleep};

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let start = Instant::now();
    let (sender, messages) = mpsc::channel(8);
    let stop = CancellationToken::new();
    let producer = tokio::spawn(produce(sender, stop.clone()));

    let second = Duration::from_secs(1);
    handle_all(messages, second, stop, async |event| match event {
        Event::Tick => println!("{:?}: tick", start.elapsed()),
        Event::Message(number) => {
            println!("{:?}: message {number}", start.elapsed());
            sleep(Duration::from_millis(600)).await; // nothing cancels this
        }
    })
    .await;
    producer.await.unwrap();
}

/// Sends five messages at once, and stops the loop after 1.5 seconds.
async fn produce(messages: Sender<u32>, stop: CancellationToken) {
    for number in 1..=5 {
        messages.send(number).await.expect("the loop runs");
    }
    sleep(Duration::from_millis(1500)).await;
    println!("1.5s: stop");
    stop.cancel();

    messages.closed().await;
    let refused = messages.send(6).await.unwrap_err();
    println!("message 6 is refused: {refused}");
}
