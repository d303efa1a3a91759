//! Deadlock: a program waits for a child process to end before it reads what the child prints.
//!
//! You see: `child.wait()` hangs, but only when the child prints much; with a short output all is
//! well. The child uses no CPU time.
//! Why: a pipe holds 64 KiB or so. Once it is full, the child sleeps in `write` until somebody
//! reads, and the only one that could read sleeps in `wait` until the child ends.
//! Rule: read to the end first, then wait.
//!
//! Python: `proc.wait()` before `proc.stdout.read()` (the docs warn, and name `communicate()`)
//! Caught by: nothing
//! Fixed: `deadlock_pipe_full_fixed`
//! Needs: `cargo add nix@0.31 -F signal`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_pipe_full_broken
//! ? 1
//! deadlock: the child waits after [..] of 1000000 bytes
//! ```

use std::io;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// Waits for `child` to end, and returns its status and all that it printed to its pipes.
pub fn output(mut child: Child) -> io::Result<Output> {
    child.wait()?; // BROKEN: a child with a full pipe cannot end before somebody reads
    child.wait_with_output()
}

fn main() -> io::Result<ExitCode> {
    let mut command = Command::new("head");
    command.args(["-c", "1000000", "/dev/zero"]);
    command.stdout(Stdio::piped());
    let child = command.spawn()?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(output(child)).unwrap());

    match result.recv_timeout(Duration::from_millis(300)) {
        Ok(output) => {
            println!("read {} bytes", output?.stdout.len());
            return Ok(ExitCode::SUCCESS);
        }
        Err(RecvTimeoutError::Timeout) => {
            kill(pid, Signal::SIGKILL)?; // ends `wait`, so that the rest of `output` runs
            let output = result.recv().unwrap()?;
            let written = output.stdout.len();
            println!("deadlock: the child waits after {written} of 1000000 bytes");
        }
        Err(error) => println!("no result: {error}"),
    }
    Ok(ExitCode::FAILURE)
}
