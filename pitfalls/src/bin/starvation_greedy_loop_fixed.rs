//! Fixed: a task that computes pauses after each block, so the other tasks run.
//!
//! `yield_now` puts the task behind all that are ready. A block should take 10 to 100 microseconds:
//! with less, the pauses cost more than the work; with more, the others wait. For a long job, or
//! where a pause is awkward, compute on a thread: `task::spawn_blocking`, or rayon.
//!
//! Python: `await asyncio.sleep(0)` after each block
//! Broken: `starvation_greedy_loop_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin starvation_greedy_loop_fixed
//! summed 10 blocks to 655360, with 10 heartbeats meanwhile
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::task;

const BLOCK: usize = 64 * 1024;

/// Adds up the bytes of `data`, one block after the other.
pub async fn sum(data: &[u8]) -> u64 {
    let mut sum = 0;
    for block in data.chunks(BLOCK) {
        for &byte in block {
            sum += u64::from(byte);
        }
        task::yield_now().await; // FIXED: lets the other tasks run
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
