//! Call blocking code from async code without holding up the other tasks: `spawn_blocking`.
//!
//! Use it for a call that blocks its thread and knows nothing of async: a file, a database driver,
//! an old library. Made from a task directly, such a call stops all tasks that share its thread.
//! `spawn_blocking` makes it on another thread, from a pool that tokio keeps for this purpose, and
//! the task awaits the result.
//!
//! - The closure must own what it uses (`move`). If it panics, the handle returns a `JoinError`.
//! - A call that has begun cannot be canceled. Dropping or aborting the handle does not stop it
//!   (`noop_abort_blocking`), and at exit the runtime waits for its end (`deadlock_exit_blocked`).
//! - The pool has up to 512 threads, and further calls wait in a queue. To have fewer at once:
//!   `async_semaphore`.
//! - For work that computes and does not wait: `cpu_offload_rayon`. What a blocking call in a task
//!   does: `slow_blocked_loop`.
//!
//! Python: `await asyncio.to_thread(f)`, `loop.run_in_executor(None, f)`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p asyncio --bin to_thread
//! heartbeats of another task during the blocking call: 10
//! ```

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::Duration;

use tokio::task::{self, JoinError};
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), JoinError> {
    let (sender, heartbeats) = sync_channel(10);
    let other_task = task::spawn(send_heartbeats(sender));

    // Called directly, it would stop the other task, and return 0.
    let call = task::spawn_blocking(move || count_to_ten(heartbeats));
    let count = call.await?;
    println!("heartbeats of another task during the blocking call: {count}");

    other_task.abort();
    Ok(())
}

/// Sends a heartbeat every millisecond, as long as this task gets to run.
async fn send_heartbeats(sender: SyncSender<()>) {
    loop {
        sleep(Duration::from_millis(1)).await;
        let _ = sender.try_send(()); // an error: nobody counts them any more
    }
}

/// Blocks its thread until 10 heartbeats have come. Gives up when none comes for 2 seconds.
fn count_to_ten(heartbeats: Receiver<()>) -> usize {
    let mut count = 0;
    while count < 10 {
        let heartbeat = heartbeats.recv_timeout(Duration::from_secs(2));
        if heartbeat.is_err() {
            break;
        }
        count += 1;
    }
    count
}
