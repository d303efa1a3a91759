//! Slow: a computation in an async function stops the event loop, and every other task with it.
//!
//! You see: timeouts, heartbeats and other requests are late together, whenever one request
//! computes or calls blocking code; one core is busy and the others are idle.
//! Why: a task gives its thread back only at an `.await`. Between two of them nothing else runs on
//! that thread: no timer fires, no socket is read.
//! Rule: no more than some 10 to 100 microseconds between two awaits; the rest goes to another
//! thread.
//!
//! Python: `time.sleep`, `requests.get` or a long loop in a coroutine
//! Caught by: no lint; clippy `unused_async` (opt-in) where the function awaits nothing at all
//! Fixed: `slow_blocked_loop_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_blocked_loop_broken
//! ? 1
//! during the report: 0 heartbeats of 10
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use tokio::task;
use tokio::time::sleep;

/// How long the report takes at most.
const PATIENCE: Duration = Duration::from_millis(300);

/// Makes the report. Returns how many heartbeats there were meanwhile.
pub async fn report(heartbeats: Arc<AtomicU32>) -> u32 {
    compute(&heartbeats) // BROKEN: the event loop stands still meanwhile
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
