//! No-op: a `sleep` inside a `select!` loop begins anew with every message, and never ends.
//!
//! You see: a timeout or a flush every second that never comes, as long as there is traffic; it
//! works in every quiet test.
//! Why: `select!` drops the branches that lose. The `sleep` of each round is a new one, so it has
//! to wait for a whole second in which no message arrives.
//! Rule: a timer that must go on over the rounds of a loop is made before the loop.
//!
//! Python: `await asyncio.wait_for(queue.get(), 1)` in a loop, with the flush in
//! `except TimeoutError`
//! Caught by: no lint
//! Fixed: `noop_timer_reset_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_timer_reset_broken
//! ? 1
//! 33 readings in 9.9 s: flushed 0 times
//! ```

use std::mem;
use std::process::ExitCode;
use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// Collects the readings, and calls `flush` every second with those that are new.
pub async fn collect(mut readings: Receiver<u32>, mut flush: impl FnMut(Vec<u32>)) {
    let mut batch = Vec::new();
    loop {
        select! {
            reading = readings.recv() => match reading {
                Some(reading) => batch.push(reading),
                None => return,
            },
            // BROKEN: a new timer each round
            () = sleep(SECOND) => flush(mem::take(&mut batch)),
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
