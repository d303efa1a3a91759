//! Leak: a command times out, and the process that it started runs on.
//!
//! You see: processes that nobody knows of, still busy hours after their request has timed out; a
//! port that is in use after the program has ended.
//! Why: dropping a `Child` does not kill it, neither in std nor in tokio. The timeout drops the
//! future that waits for the output, and the handle in it.
//! Rule: say `kill_on_drop(true)`, or kill the child where it is given up.
//!
//! Python: `subprocess.run(timeout=1)` kills its child; `asyncio.wait_for(process.wait(), 1)` does
//! not
//! Caught by: no lint
//! Fixed: `leak_child_process_fixed`
//! Needs: `cargo add nix@0.31 -F signal`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_child_process_broken
//! ? 1
//! timed out: true, still running: true
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
    command.spawn() // BROKEN: runs on when its handle is dropped
}

/// Waits for the report. Returns `None` if that takes longer than `limit`.
async fn finish(report: Child, limit: Duration) -> io::Result<Option<Output>> {
    match timeout(limit, report.wait_with_output()).await {
        Ok(output) => Ok(Some(output?)),
        Err(_) => Ok(None),
    }
}

/// How often `main` looks whether the child has ended.
const LOOKS: u32 = 30;

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
