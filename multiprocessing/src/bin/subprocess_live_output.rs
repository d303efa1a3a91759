//! Run a command, handle its output line by line as it comes, and stop it when it takes too long.
//!
//! Use it for a build, a backup, a test run: whatever prints its progress. The command gets a
//! process group of its own, and the whole group is killed in the end: at the timeout, when you
//! drop the future, and also when the command has ended and left programs behind.
//!
//! - The lines of one output keep their order. Between stdout and stderr there is no order.
//! - A program in the background that still holds the output is waited for, until the timeout.
//! - A program that starts a group of its own, such as a daemon, is not killed.
//! - Handlers must not block. A line has no limit: it is in memory until it ends.
//! - Ctrl-C does not reach the command: put `tokio::signal::ctrl_c` and `run_live` into a
//!   `select!`.
//! - With threads instead of tokio you need two of them, a channel, and a loop that asks whether
//!   the command has ended: std has no wait with a timeout.
//!
//! Python: `asyncio.create_subprocess_exec(.., start_new_session=True)`, a task for each output,
//! `asyncio.timeout(2)` around both and `wait`, then `os.killpg`
//! Needs: `cargo add nix@0.31 -F signal`, `cargo add tokio@1 -F io-util,macros,process,time`
//! Demo needs: `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/subprocess_live_output.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin subprocess_live_output
//! stdout: compiling
//! stdout: linking
//! exit status: 0
//! stderr: no such target
//! exit status: 2
//! stdout: waiting
//! error: timed out
//! ```

use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, AsyncRead, BufReader};
use tokio::process::Command;
use tokio::{time::timeout, try_join};

/// Runs `command` for at most `limit`, and hands each line to its handler as it comes.
///
/// # Errors
/// `TimedOut` after `limit`; otherwise if the command does not start or its output is not readable.
pub async fn run_live(
    command: &mut Command,
    limit: Duration,
    on_stdout: impl FnMut(&str),
    on_stderr: impl FnMut(&str),
) -> io::Result<ExitStatus> {
    let mut child = command
        .process_group(0)
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()?;
    let pid = child.id().expect("nobody has waited for it");
    let group = KillOnDrop(Pid::from_raw(pid as i32));
    let stdout = for_each_line(child.stdout.take().expect("piped"), on_stdout);
    let stderr = for_each_line(child.stderr.take().expect("piped"), on_stderr);

    let finish = async {
        try_join!(stdout, stderr)?;
        // Not earlier: until then no other group can get the number of this one.
        child.wait().await
    };
    let finished = timeout(limit, finish).await;
    drop(group);
    let _ = child.kill().await; // an error: it has ended already, and left no zombie
    finished?
}

/// A process group, which is killed when this value is dropped.
struct KillOnDrop(Pid);

impl Drop for KillOnDrop {
    fn drop(&mut self) {
        let _ = killpg(self.0, Signal::SIGKILL); // an error: all of it has ended
    }
}

async fn for_each_line(
    output: impl AsyncRead + Unpin,
    mut on_line: impl FnMut(&str),
) -> io::Result<()> {
    // Not `lines`, which fails on what is not UTF-8.
    let mut lines = BufReader::new(output).split(b'\n');
    while let Some(line) = lines.next_segment().await? {
        on_line(&String::from_utf8_lossy(&line));
    }
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

#[tokio::main]
async fn main() {
    for script in [
        "echo compiling; sleep 0.1; echo linking",
        "echo no such target >&2; exit 2",
        "echo waiting; sleep 600 & wait",
    ] {
        let finished = run_live(
            Command::new("sh").args(["-c", script]),
            Duration::from_secs(2),
            |line| println!("stdout: {line}"),
            |line| println!("stderr: {line}"),
        )
        .await;
        match finished {
            Ok(status) => println!("{status}"),
            Err(error) => println!("error: {error}"),
        }
    }
}
