//! Ask a child process whether it still runs, how it has ended, or what killed it.
//!
//! Use it wherever you start a program and look after it yourself. `try_wait` answers at once, and
//! `wait` waits. Both give the same status again when you ask again. The status has an exit code if
//! the child ended by itself, and the number of a signal if it was killed.
//!
//! - `kill` sends SIGKILL, which a program can neither handle nor ignore. To ask it first:
//!   `signal_child`.
//! - A child that has ended, also by `kill`, stays in the process table until you wait for it:
//!   `leak_zombies`. Dropping a `Child` neither kills it nor waits for it: `leak_child_process`.
//! - `wait` closes the child's stdin first, if it is piped.
//! - An exit code has 8 bits: a child that exits with 259 has exited with 3.
//!
//! Python: `Popen.poll()` or `Process.exitcode`: `None`, then 3, or -9 for signal 9
//! Needs: nothing
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/child_lifecycle.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin child_lifecycle
//! while it waits for a line: Running
//! after the line: Exited(3)
//! after kill: Killed(9)
//! ```

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, ExitStatus};

/// What has become of a child process.
#[derive(Debug, PartialEq)]
pub enum State {
    Running,
    /// It ended by itself, with this exit code. 0 is success.
    Exited(i32),
    /// It was killed by the signal with this number.
    Killed(i32),
}

/// Says what has become of the child, without waiting for it.
///
/// # Errors
/// If the system cannot say, for example because somebody else has waited for this process.
pub fn state(child: &mut Child) -> io::Result<State> {
    match child.try_wait()? {
        None => Ok(State::Running),
        Some(status) => Ok(ended(status)),
    }
}

/// Says how a child has ended.
pub fn ended(status: ExitStatus) -> State {
    if let Some(code) = status.code() {
        State::Exited(code)
    } else {
        let signal = status.signal().expect("without a code there is a signal");
        State::Killed(signal)
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::Write;
use std::process::{Command, Stdio};

fn main() -> io::Result<()> {
    let mut child = Command::new("sh")
        .args(["-c", "read line; exit 3"])
        .stdin(Stdio::piped())
        .spawn()?;
    println!("while it waits for a line: {:?}", state(&mut child)?);

    let mut stdin = child.stdin.take().expect("piped");
    stdin.write_all(b"go on\n")?;
    let status = child.wait()?;
    println!("after the line: {:?}", ended(status));

    let mut child = Command::new("sleep").arg("600").spawn()?;
    child.kill()?;
    let status = child.wait()?; // or it stays a zombie
    println!("after kill: {:?}", ended(status));
    Ok(())
}
