//! Fixed: the reader of a pipe closes its own write ends, and the pipe ends with the child.
//!
//! Dropping the `Command` closes the two write ends in it. The copies of the child are closed when
//! it ends, however it ends. A process that the child leaves in the background has copies as well:
//! the pipe lasts as long as it does. A `Command` that is to spawn again needs a new pipe each
//! time.
//!
//! Python: `os.close(w)` after `Popen`; `stdout=PIPE, stderr=STDOUT` does all of it
//! Broken: `deadlock_pipe_write_end_broken`
//! Needs: `cargo add nix@0.31 -F process`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_pipe_write_end_fixed
//! exit status: 0: "one\ntwo\nthree\n"
//! ```

use std::io::{self, Read};
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::wait::wait;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Runs `command`, and returns its status and what it prints: stdout and stderr in one, in the
/// order in which they are written.
pub fn output_in_one(mut command: Command) -> io::Result<(ExitStatus, String)> {
    let (mut reader, writer) = io::pipe()?;
    command.stdout(writer.try_clone()?);
    command.stderr(writer);
    let mut child = command.spawn()?;
    drop(command); // FIXED: closes two write ends; only those of the child are left
    let mut printed = String::new();
    reader.read_to_string(&mut printed)?;
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
