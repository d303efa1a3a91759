//! Fixed: the reader of a pipe closes its own write ends, and the pipe ends with the child.
//!
//! Dropping the `Command` closes the two write ends in it; the child's copies close as it ends,
//! however it ends. What the child starts in the background inherits them, too, and then the pipe
//! lasts as long as that runs. A `Command` that is to spawn again gets a fresh pipe each time.
//!
//! Python: `os.close(w)` after `Popen`; `stderr=subprocess.STDOUT` does all of it.
//! Broken: `deadlock_pipe_write_end_broken`
//! Needs: `cargo add nix@0.31 -F process`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_pipe_write_end_fixed
//! exit status: 0: "one\ntwo\nthree\n"
//! ```

use std::collections::HashMap;
use std::io::{self, Read};
use std::os::unix::fs::MetadataExt;
use std::process::{Command, ExitCode, ExitStatus};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;
use std::{fs, thread};

use nix::sys::wait::{WaitStatus, wait};

/// Runs `command` and returns its status and what it prints: stdout and stderr in one, in the
/// order in which they were written.
pub fn output_in_one(mut command: Command) -> io::Result<(ExitStatus, Vec<u8>)> {
    let (mut reader, writer) = io::pipe()?;
    let mut child = command.stdout(writer.try_clone()?).stderr(writer).spawn()?;
    drop(command); // FIXED: it held two write ends; those of the child are left
    let mut printed = Vec::new();
    reader.read_to_end(&mut printed)?;
    Ok((child.wait()?, printed))
}

// Only for the demo from here on.

fn main() -> io::Result<ExitCode> {
    let mut command = Command::new("sh");
    command.args(["-c", "echo one; echo two >&2; echo three"]);
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(output_in_one(command)));
    let gave_up = match result.recv_timeout(Duration::from_secs(10)) {
        Ok(output) => {
            let (status, printed) = output?;
            println!("{status}: {:?}", String::from_utf8_lossy(&printed));
            let right = status.success() && printed == b"one\ntwo\nthree\n";
            return Ok(if right {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            });
        }
        Err(gave_up) => gave_up,
    };
    let child_ended = matches!(wait()?, WaitStatus::Exited(..)); // and it is reaped
    let held = write_ends_of_what_we_read()?;
    if gave_up == RecvTimeoutError::Timeout && child_ended && held > 0 {
        println!(
            "deadlock: the child has ended, the reader waits for the end of a pipe, and holds {held} write ends"
        );
    }
    Ok(ExitCode::FAILURE)
}

/// How many write ends this process holds of pipes that it holds the read end of, too.
fn write_ends_of_what_we_read() -> io::Result<usize> {
    let mut pipes: HashMap<_, [usize; 2]> = HashMap::new();
    for entry in fs::read_dir("/proc/self/fd")? {
        let path = entry?.path();
        let Ok(target) = fs::read_link(&path) else {
            continue;
        };
        if target.to_string_lossy().starts_with("pipe:") {
            let writes = fs::symlink_metadata(&path)?.mode() & 0o200 != 0;
            pipes.entry(target).or_default()[usize::from(writes)] += 1;
        }
    }
    Ok(pipes
        .values()
        .filter(|[read, _]| *read > 0)
        .map(|[_, write]| write)
        .sum())
}
