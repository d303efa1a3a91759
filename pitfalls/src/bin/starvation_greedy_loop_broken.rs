//! Starvation: a task computes in a loop without an `.await`, and no other task runs.
//!
//! You see: heartbeats, timers and connections stop for as long as a job takes.
//! Why: a task gives its thread back at an `.await` that has to wait, and nowhere else. An `.await`
//! on what is ready does not count, except that tokio's own resources make a task pause after 128
//! operations. More threads help less than it seems: a task that the greedy one woke last stays
//! with the greedy one's thread, and no other thread can take it.
//! Rule: a task that computes pauses every so often, or it computes on a thread made for that.
//!
//! Python: a long loop in a coroutine without `await asyncio.sleep(0)`
//! Caught by: clippy `unused_async` (opt-in), in a function that awaits nothing at all
//! Fixed: `starvation_greedy_loop_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin starvation_greedy_loop_broken
//! ? 1
//! summed 10 blocks to 655360, with 0 heartbeats meanwhile
//! ```

#![warn(clippy::unused_async)]

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::task;

const BLOCK: usize = 64 * 1024;

/// Adds up the bytes of `data`, one block after the other.
#[expect(clippy::unused_async, reason = "the mistake that this file shows")]
pub async fn sum(data: &[u8]) -> u64 {
    let mut sum = 0;
    for block in data.chunks(BLOCK) {
        for &byte in block {
            sum += u64::from(byte); // BROKEN: no `.await` in either loop
        }
    }
    sum
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let data = vec![1; 10 * BLOCK];
    let beats = Arc::new(AtomicU32::new(0));
    let counter = Arc::clone(&beats);
    let heartbeat = task::spawn(async move {
        loop {
            counter.fetch_add(1, Relaxed);
            task::yield_now().await;
        }
    });

    task::yield_now().await; // the heartbeat begins
    let before = beats.load(Relaxed);
    let total = sum(&data).await;
    let meanwhile = beats.load(Relaxed) - before;
    heartbeat.abort();
    println!("summed 10 blocks to {total}, with {meanwhile} heartbeats meanwhile");
    if meanwhile > 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
