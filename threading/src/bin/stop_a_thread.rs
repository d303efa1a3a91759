//! Stop a thread at once, even while it waits between two rounds of work.
//!
//! Use it for what is done every so often: refresh a cache, send a heartbeat, look for new files.
//! Nobody can kill a thread, and nobody can wake it from `thread::sleep`. So it waits in
//! `recv_timeout` on a channel instead. Dropping the sender, or sending a message, ends the wait.
//!
//! - The first round always runs, and a round in progress is finished. One that computes for long
//!   should look at an `AtomicBool` now and then: `ctrl_c_threads`.
//! - An owner that returns early or panics drops the sender, so the thread does not outlive it for
//!   long. To wait for its end as well: `worker_stops_on_drop`.
//! - In async code a task can be canceled where it awaits: `task_cancel`.
//!
//! Python: `while not stop.wait(10):` on a `threading.Event`
//! Needs: nothing
//! Tested: `threading/tests/proof/stop_a_thread.rs`, `models/tests/threading_workers.rs`
//!
//! ```console
//! $ cargo run -p threading --bin stop_a_thread
//! the cache is refreshed, the next time is in 10s
//! the thread has ended after [..] ms
//! ```

use std::sync::mpsc::{Receiver, RecvTimeoutError};
use std::time::Duration;

/// Calls `round`, waits for `pause`, calls it again, and so on. Returns when the sender of `stop`
/// is dropped or sends a message: at once during a pause, and otherwise after the round in
/// progress.
pub fn repeat_until_stopped(stop: Receiver<()>, pause: Duration, mut round: impl FnMut()) {
    loop {
        round();
        match stop.recv_timeout(pause) {
            Err(RecvTimeoutError::Timeout) => {} // nobody has stopped it
            Err(RecvTimeoutError::Disconnected) | Ok(()) => return,
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::mpsc;
use std::thread;
use std::time::Instant;

const PAUSE: Duration = Duration::from_secs(10);

fn main() {
    let (stop, stopped) = mpsc::sync_channel(1);
    let (refreshed, first_refresh) = mpsc::sync_channel(1);
    let worker = thread::spawn(move || {
        repeat_until_stopped(stopped, PAUSE, || {
            let _ = refreshed.try_send(()); // an error: main waits for the first one only
        });
    });

    first_refresh.recv().expect("the worker begins at once");
    println!("the cache is refreshed, the next time is in {PAUSE:?}");

    let start = Instant::now();
    drop(stop);
    worker.join().expect("refreshing does not panic");
    println!(
        "the thread has ended after {} ms",
        start.elapsed().as_millis()
    );
}
