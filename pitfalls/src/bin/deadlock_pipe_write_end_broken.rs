//! Deadlock: a pipe never ends, because its reader holds a write end of it as well.
//!
//! You see: the child has ended and all of its output is there, yet `read_to_end` or
//! `read_to_string` hangs.
//! Why: the reader of a pipe sees its end when the last write end is closed, in whatever process
//! that is. A `Command` keeps the ends that it was given until it is dropped, so that it can spawn
//! again: here the reader waits for itself.
//! Rule: whoever reads from a pipe closes its own write ends first.
//!
//! Python: `os.pipe()` and `Popen(..., stdout=w)`, without `os.close(w)` before reading
//! Caught by: nothing
//! Fixed: `deadlock_pipe_write_end_fixed`
//! Needs: `cargo add nix@0.31 -F process`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_pipe_write_end_broken
//! ? 1
//! output within 300ms: Timeout
//! the child: Exited(Pid([..]), 0)
//! ```

use std::io::{self, Read};
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::wait::wait;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Runs `command`, and returns its status and what it prints: stdout and stderr in one, in the
/// order in which they are written.
pub fn output_in_one(mut command: Command) -> io::Result<(ExitStatus, String)> {
    let (mut reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?);
    command.stderr(writer);
    let mut child = command.spawn()?;
    let mut printed = String::new();
    reader.read_to_string(&mut printed)?; // BROKEN: `command` still holds two write ends
    let status = child.wait()?;
    Ok((status, printed))
}

fn main() -> io::Result<ExitCode> {
    let mut command = Command::new("sh");
    command.args(["-c", "echo one; echo two >&2; echo three"]);
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(output_in_one(command)).unwrap());

    match receiver.recv_timeout(LIMIT) {
        Ok(output) => {
            let (status, printed) = output?;
            println!("{status}: {printed:?}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("output within {LIMIT:?}: {error:?}");
            let status = wait()?; // waits until the child has ended
            println!("the child: {status:?}");
            Ok(ExitCode::FAILURE)
        }
    }
}
