//! Fixed: two processes write messages to one pipe, and each message arrives in one piece.
//!
//! A lock on a file lets one writer at a time through, whatever the size. Each call opens the
//! file for itself, since a descriptor that was inherited or cloned shares its lock; and the lock
//! ends with it, on an error too. The cost is an open and a lock for each message. A message of
//! at most `PIPE_BUF` in one `write` needs no lock. A pipe for each writer needs none either, and
//! a writer that dies in the middle of a message then spoils only its own.
//!
//! Python: `with lock: connection.send(message)`, with a `multiprocessing.Lock`.
//! Broken: `race_pipe_interleave_broken`
//! Needs: `cargo add tempfile@3`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_pipe_interleave_fixed
//! 2 processes sent 100 messages: 0 of them are mixed
//! ```

use std::env;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Command, ExitCode};

/// Writes `message` to a pipe that others write to as well. `lock` is a file that is there, the
/// same for all who write.
pub fn send(pipe: &mut impl Write, lock: &Path, message: &[u8]) -> io::Result<()> {
    let lock = File::open(lock)?;
    lock.lock()?; // FIXED: until `lock` is dropped, the others wait here
    pipe.write_all(message)?;
    pipe.flush()
}

// Only for the demo from here on.

const SIZE: usize = 128 << 10; // of a message, in bytes
const MESSAGES: usize = 50; // of each writer: often enough to meet

fn main() -> io::Result<ExitCode> {
    if let [_, role, letter, lock] = &env::args_os().collect::<Vec<_>>()[..]
        && role == "write"
    {
        return write_messages(letter, Path::new(lock)); // in a child: the program started itself
    }
    let lock = tempfile::NamedTempFile::new()?;
    let (mut reader, writer) = io::pipe()?;
    let mut children = Vec::new();
    for letter in ["a", "b"] {
        let mut command = Command::new(env::current_exe()?);
        command.args(["write", letter]).arg(lock.path());
        children.push(command.stdout(writer.try_clone()?).spawn()?);
    }
    drop(writer); // or `read_to_end` would wait for us
    let mut received = Vec::new();
    reader.read_to_end(&mut received)?;
    let mut well = 0;
    for child in &mut children {
        well += usize::from(child.wait()?.success());
    }
    let messages = received.chunks(SIZE);
    let (all, whole) = (
        messages.len(),
        messages.filter(|m| m.iter().all(|b| *b == m[0])).count(),
    );
    println!(
        "{well} processes sent {all} messages: {} of them are mixed",
        all - whole
    );
    Ok(if whole == 2 * MESSAGES {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Sends messages to stdout, each made of one letter.
fn write_messages(letter: &OsStr, lock: &Path) -> io::Result<ExitCode> {
    let mut pipe = File::from(io::stdout().as_fd().try_clone_to_owned()?); // without a buffer
    let message = letter.as_encoded_bytes().repeat(SIZE);
    for _ in 0..MESSAGES {
        send(&mut pipe, lock, &message)?;
    }
    Ok(ExitCode::SUCCESS)
}
