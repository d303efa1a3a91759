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
//! output within 300ms: Timeout
//! the child: signal: 9 (SIGKILL)
//! in its pipe: [..] bytes
//! ```

use std::io;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

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
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(output(child)).unwrap());

    match receiver.recv_timeout(LIMIT) {
        Ok(output) => {
            println!("read {} bytes", output?.stdout.len());
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("output within {LIMIT:?}: {error:?}");
            kill(pid, Signal::SIGKILL)?; // ends `wait`, so `output` goes on
            let output = receiver.recv().unwrap()?;
            println!("the child: {}", output.status);
            println!("in its pipe: {} bytes", output.stdout.len());
            Ok(ExitCode::FAILURE)
        }
    }
}
