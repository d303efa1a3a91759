//! Cancel work: drop its future, abort its task, or ask it to stop so that it can clean up.
//!
//! To cancel a task, call `abort`. To cancel a future, drop it, as `timeout` does. Both end the
//! work at the `.await` where it waits: the code after it never runs, and its local variables are
//! dropped. Use a `CancellationToken` where clean-up has to await: the task waits for its work and
//! for the token at the same time, and ends by itself.
//!
//! - There is no `CancelledError` inside the work: nothing to catch, to swallow or to raise again.
//!   Whoever awaits an aborted task gets a `JoinError` whose `is_cancelled()` is true.
//! - Between two awaits nothing is canceled. A task that blocks or computes runs on:
//!   `noop_abort_blocking`. What was done before the await stays done: `lost_half_done_on_cancel`.
//! - `abort` does not wait. Await the handle to know that the task has ended. It may have finished
//!   first, and then its value is there.
//! - Dropping a `JoinHandle` cancels nothing. Dropping a `JoinSet`, or an `AbortOnDropHandle` of
//!   tokio-util, cancels its tasks.
//! - Clean-up that runs in all cases, also when the future is dropped: `async_cleanup`.
//!
//! Python: `task.cancel()`, and `try: ... except asyncio.CancelledError: ...; raise`
//! Needs: `cargo add tokio@1 -F full,test-util`, `cargo add tokio-util@0.7`
//!
//! ```console
//! $ cargo run -p asyncio --bin task_cancel
//! drop:
//!   upload started
//!   temporary file deleted
//!   result: Err(Elapsed(()))
//! abort:
//!   upload started
//!   temporary file deleted
//!   result: Err(JoinError::Cancelled(Id(1)))
//! token:
//!   upload started
//!   temporary file deleted
//!   server told
//!   result: Ok("canceled")
//! ```

use std::time::Duration;

use tokio::select;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);
const HOUR: Duration = Duration::from_secs(3600);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    println!("drop:");
    let result = timeout(SECOND, upload()).await; // drops the upload after a second
    println!("  result: {result:?}");

    println!("abort:");
    let task = tokio::spawn(upload());
    sleep(SECOND).await;
    task.abort();
    let result = task.await;
    println!("  result: {result:?}");

    println!("token:");
    let stop = CancellationToken::new();
    let task = tokio::spawn(upload_until(stop.clone()));
    sleep(SECOND).await;
    stop.cancel();
    let result = task.await;
    println!("  result: {result:?}");
}

/// Stands for an upload that takes an hour.
async fn upload() -> &'static str {
    let _file = TemporaryFile;
    println!("  upload started");
    sleep(HOUR).await;
    println!("  upload finished");
    "uploaded"
}

/// Uploads until `stop` is canceled, and then tells the server.
async fn upload_until(stop: CancellationToken) -> &'static str {
    select! {
        result = upload() => result,
        () = stop.cancelled() => {
            // The upload has been dropped. Clean-up that awaits has its place here.
            sleep(SECOND).await;
            println!("  server told");
            "canceled"
        }
    }
}

/// Stands for a file that is deleted when it is dropped.
struct TemporaryFile;

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        println!("  temporary file deleted");
    }
}
