//! Stop a command that takes too long: ask it to end, then kill it and all that it has started.
//!
//! Use it for a command whose output you do not read: a backup, a hook, a migration. The command
//! gets a process group of its own. At the timeout the whole group gets SIGTERM, so that it can
//! clean up, and after a grace period SIGKILL. The command is always reaped: no zombie stays.
//!
//! - The grace period ends with the command itself. If a shell dies of SIGTERM at once, the
//!   programs that it started get SIGKILL right away.
//! - The programs that the command has left behind are killed as well, even if it ended in time.
//! - A program that starts a group of its own, such as a daemon, is not killed.
//! - Ctrl-C does not reach the command, because it is in another group.
//! - std has no wait with a timeout, so this one looks every 10 ms. The crate `wait-timeout`
//!   wakes up at once; to do so it installs a handler for SIGCHLD in the whole program.
//! - Do not pipe the output, because nobody reads it here: `subprocess_live_output`.
//!
//! Python: `subprocess.run(.., timeout=1)`, which kills the command without SIGTERM, and no others
//! Needs: `cargo add nix@0.31 -F signal`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/subprocess_timeout.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin subprocess_timeout
//! exit 3: exit status: 3
//! sleep 600: timed out, signal: 15 (SIGTERM)
//! trap '' TERM; sleep 600 & wait: timed out, signal: 9 (SIGKILL)
//! ```

use std::io;
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

/// How a command has ended.
pub struct Finished {
    /// Its exit status, or the signal that ended it.
    pub status: ExitStatus,
    /// Whether it was stopped because it took too long.
    pub timed_out: bool,
}

/// Runs `command`. After `limit` it is asked to end, and `grace` later it is killed.
///
/// # Errors
/// If the command does not start.
pub fn run_with_timeout(
    command: &mut Command,
    limit: Duration,
    grace: Duration,
) -> io::Result<Finished> {
    let mut child = command.process_group(0).spawn()?;
    let group = Pid::from_raw(child.id() as i32); // a group has the number of its leader
    let in_time = wait_timeout(&mut child, limit)?;
    if in_time.is_none() {
        let _ = killpg(group, Signal::SIGTERM); // an error: all of it has just ended
        wait_timeout(&mut child, grace)?;
    }
    let _ = killpg(group, Signal::SIGKILL); // an error: nothing is left
    let status = child.wait()?; // or it stays a zombie
    let timed_out = in_time.is_none();
    Ok(Finished { status, timed_out })
}

/// Waits for at most `limit`. `None` means that the child is still running.
fn wait_timeout(child: &mut Child, limit: Duration) -> io::Result<Option<ExitStatus>> {
    let start = Instant::now();
    loop {
        let ended = child.try_wait()?;
        if ended.is_some() || start.elapsed() >= limit {
            return Ok(ended);
        }
        thread::sleep(Duration::from_millis(10));
    }
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() -> io::Result<()> {
    for script in ["exit 3", "sleep 600", "trap '' TERM; sleep 600 & wait"] {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        let limit = Duration::from_secs(1);
        let finished = run_with_timeout(&mut command, limit, limit)?;
        if finished.timed_out {
            println!("{script}: timed out, {}", finished.status);
        } else {
            println!("{script}: {}", finished.status);
        }
    }
    Ok(())
}
