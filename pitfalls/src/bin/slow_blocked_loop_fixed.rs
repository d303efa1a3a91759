//! Fixed: the computation runs on a thread of its own, and the event loop goes on.
//!
//! `spawn_blocking` has up to 512 threads, which suits code that waits. For computations on all
//! cores use rayon, which has one thread for each core, and send the result back on a oneshot
//! channel (`cpu_offload_rayon`). The call itself cannot be canceled.
//!
//! Python: `await asyncio.to_thread(report)`; for computations a `ProcessPoolExecutor`
//! Broken: `slow_blocked_loop_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_blocked_loop_fixed
//! during the report: 10 heartbeats of 10
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use tokio::task::{self, spawn_blocking};
use tokio::time::sleep;

/// How long the report takes at most.
const PATIENCE: Duration = Duration::from_secs(10);

/// Makes the report. Returns how many heartbeats there were meanwhile.
pub async fn report(heartbeats: Arc<AtomicU32>) -> u32 {
    // FIXED: on another thread
    let computing = spawn_blocking(move || compute(&heartbeats));
    computing.await.expect("the computation does not panic")
}

/// Stands for a computation that takes as long as ten heartbeats.
fn compute(heartbeats: &AtomicU32) -> u32 {
    let deadline = Instant::now() + PATIENCE;
    while heartbeats.load(Relaxed) < 10 && Instant::now() < deadline {
        thread::yield_now();
    }
    heartbeats.load(Relaxed)
}

async fn beat(heartbeats: Arc<AtomicU32>) {
    for _beat in 0..10 {
        heartbeats.fetch_add(1, Relaxed);
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let heartbeats = Arc::new(AtomicU32::new(0));
    task::spawn(beat(Arc::clone(&heartbeats)));
    let beats = report(heartbeats).await;

    println!("during the report: {beats} heartbeats of 10");
    if beats == 10 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
