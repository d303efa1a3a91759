//! Fixed: the task pauses after each block, and the others run.
//!
//! `yield_now` puts the task behind all that are ready. A block should take 10 to 100
//! microseconds: less, and the pauses cost more than the work; more, and the others wait. Where
//! stopping in between is awkward, or the job is long, `task::spawn_blocking` or rayon computes
//! on a thread of its own.
//!
//! Python: `await asyncio.sleep(0)` after each block.
//! Broken: `starvation_greedy_loop_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin starvation_greedy_loop_fixed
//! done: summed 10 blocks to 655360; in the meantime the heart beat 10 times
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

use tokio::task;

/// Adds up the bytes of `data`, a block of 64 KiB at a time.
pub async fn sum(data: &[u8]) -> u64 {
    let mut sum = 0;
    for block in data.chunks(64 * 1024) {
        sum += block.iter().map(|&byte| u64::from(byte)).sum::<u64>();
        task::yield_now().await; // FIXED: now it is the turn of the others
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
