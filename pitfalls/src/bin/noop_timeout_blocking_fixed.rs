//! Fixed: a timeout around blocking code that runs on its own thread fires in time.
//!
//! `spawn_blocking` moves the call to a thread that may block; awaiting its handle returns to the
//! runtime, so the clock is checked. The call itself cannot be canceled: it runs to its end, the
//! program's exit waits for it, and calls that time out one after the other fill tokio's pool of
//! 512 threads. Give it a limit of its own, such as a socket timeout.
//!
//! Python: `asyncio.wait_for(asyncio.to_thread(f), 1)`, where the thread runs on as well
//! Broken: `noop_timeout_blocking_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_timeout_blocking_fixed
//! within 50ms: Err(Elapsed(()))
//! ```

use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use tokio::task::spawn_blocking;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// Waits for a report for at most `limit`.
pub async fn report_within(limit: Duration) -> Result<&'static str, Elapsed> {
    let report = timeout(limit, spawn_blocking(read_report)).await?; // FIXED: awaits a handle, so the clock is checked
    Ok(report.expect("reading does not panic"))
}

/// Stands for a driver, a file or a computation: it blocks its thread.
fn read_report() -> &'static str {
    thread::sleep(Duration::from_millis(300));
    "report"
}

#[tokio::main]
async fn main() -> ExitCode {
    let report = report_within(Duration::from_millis(50)).await;
    println!("within 50ms: {report:?}");
    if report.is_err() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
