//! Fixed: the timer is made before the loop, and every round waits for the same one.
//!
//! `interval` keeps its own time, whatever the other branch does. Its first tick comes at once,
//! hence `interval_at`. For a single deadline make one `sleep_until(deadline)` before the loop, pin
//! it, and wait for `&mut deadline`. A `sleep` inside the loop is right where silence is what you
//! look for: "nothing has come for a second".
//!
//! Python: `deadline = loop.time() + 1` before the loop, and a `wait_for` of what is left of it
//! Broken: `noop_timer_reset_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_timer_reset_fixed
//! 33 readings in 9.9 s: flushed 9 times
//! ```

use std::mem;
use std::process::ExitCode;
use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, interval_at, sleep};

const SECOND: Duration = Duration::from_secs(1);

/// Collects the readings, and calls `flush` every second with those that are new.
pub async fn collect(mut readings: Receiver<u32>, mut flush: impl FnMut(Vec<u32>)) {
    let mut batch = Vec::new();
    // FIXED: one timer for all rounds
    let mut timer = interval_at(Instant::now() + SECOND, SECOND);
    loop {
        select! {
            reading = readings.recv() => match reading {
                Some(reading) => batch.push(reading),
                None => return,
            },
            _ = timer.tick() => flush(mem::take(&mut batch)),
        }
    }
}

/// Stands for a sensor.
async fn measure(readings: Sender<u32>) {
    for reading in 0..33 {
        sleep(Duration::from_millis(300)).await;
        readings.send(reading).await.unwrap();
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let (sender, readings) = mpsc::channel(16);
    let sensor = tokio::spawn(measure(sender));
    let mut flushed = 0;
    collect(readings, |_batch| flushed += 1).await;
    sensor.await.unwrap();

    println!("33 readings in 9.9 s: flushed {flushed} times");
    if flushed == 9 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
