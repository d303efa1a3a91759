//! Starvation: a task computes in a loop without an `.await`, and no other task runs.
//!
//! You see: heartbeats, timers and connections stop for as long as the job takes.
//! Why: a task gives its thread back at an `.await` that has to wait, and nowhere else. An
//! `.await` on what is ready at once does not count; only tokio's own resources make a task pause
//! every 128 operations. More threads help less than it seems: a task that the greedy one has just
//! woken is kept for the greedy one's thread, and no other can take it.
//! Rule: a task that computes pauses every so often, or it computes on a thread kept for that.
//!
//! Python: a long loop in a coroutine without `await asyncio.sleep(0)`.
//! Caught by: clippy `unused_async` (opt-in), in a function that awaits nothing at all.
//! Fixed: `starvation_greedy_loop_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin starvation_greedy_loop_broken
//! ? 1
//! starvation: summed 10 blocks to 655360; in the meantime the heart beat 0 times
//! ```

#![warn(clippy::unused_async)]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::task;

/// Adds up the bytes of `data`, a block of 64 KiB at a time.
#[expect(clippy::unused_async, reason = "the mistake that this file shows")]
pub async fn sum(data: &[u8]) -> u64 {
    let mut sum = 0;
    for block in data.chunks(64 * 1024) {
        sum += block.iter().map(|&byte| u64::from(byte)).sum::<u64>(); // BROKEN: and on it goes
    }
    sum
}

// Only for the demo from here on.

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let data = vec![1; 10 * 64 * 1024];
    let beats = Arc::new(AtomicU32::new(0));
    let counted = beats.clone();
    let heart = task::spawn(async move {
        loop {
            counted.fetch_add(1, Relaxed);
            task::yield_now().await;
        }
    });
    task::yield_now().await; // the heart beats by now
    let before = beats.load(Relaxed);
    let total = sum(&data).await;
    let meanwhile = beats.load(Relaxed) - before;
    heart.abort();
    let verdict = if meanwhile == 0 { "starvation" } else { "done" };
    println!(
        "{verdict}: summed 10 blocks to {total}; in the meantime the heart beat {meanwhile} times"
    );
    if meanwhile == 0 {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
