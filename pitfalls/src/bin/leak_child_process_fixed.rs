//! Fixed: the child is killed when its handle is dropped.
//!
//! `kill_on_drop(true)` kills the child with SIGKILL, and the runtime waits for it soon afterwards,
//! so no zombie is left. Its own children run on: for these use a process group, as
//! `subprocess_timeout` does. A child that should end by itself gets SIGTERM first.
//!
//! Python: `process.kill()` and `await process.wait()` in `except TimeoutError`
//! Broken: `leak_child_process_broken`
//! Needs: `cargo add nix@0.31 -F signal`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_child_process_fixed
//! timed out: true, still running: false
//! ```

use std::io;
use std::process::{ExitCode, Output, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::{Child, Command};
use tokio::time::{sleep, timeout};

/// Starts a command that makes a report, and takes its time.
///
/// # Errors
/// If it cannot be started.
pub fn start_report() -> io::Result<Child> {
    let mut command = Command::new("sleep");
    command.arg("60").stdout(Stdio::piped());
    command.kill_on_drop(true); // FIXED: killed when its handle is dropped
    command.spawn()
}

/// Waits for the report. Returns `None` if that takes longer than `limit`.
async fn finish(report: Child, limit: Duration) -> io::Result<Option<Output>> {
    match timeout(limit, report.wait_with_output()).await {
        Ok(output) => Ok(Some(output?)),
        Err(_) => Ok(None),
    }
}

/// How often `main` looks whether the child has ended.
const LOOKS: u32 = 1000;

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<ExitCode> {
    let report = start_report()?;
    let child = Pid::from_raw(report.id().unwrap() as i32);
    let output = finish(report, Duration::from_millis(50)).await?;
    let timed_out = output.is_none();

    let mut running = true;
    for _look in 0..LOOKS {
        if kill(child, None) == Err(Errno::ESRCH) {
            running = false; // it has ended, and was waited for
            break;
        }
        sleep(Duration::from_millis(10)).await;
    }
    println!("timed out: {timed_out}, still running: {running}");
    if running {
        kill(child, Signal::SIGKILL)?; // the demo leaves nothing behind
        nix::sys::wait::waitpid(child, None)?;
        Ok(ExitCode::FAILURE)
    } else {
        Ok(ExitCode::SUCCESS)
    }
}
