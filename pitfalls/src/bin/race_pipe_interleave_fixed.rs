//! Fixed: two processes write messages to one pipe, and each message arrives in one piece.
//!
//! A file lock lets one writer at a time through, whatever the size of its message. Each call opens
//! the lock file for itself, because a descriptor that was inherited or cloned shares its lock. The
//! lock ends when the file is closed, on an error as well. The cost is an open and a lock for each
//! message.
//!
//! - A message of at most `PIPE_BUF` bytes (4096 on Linux) in one `write` needs no lock.
//! - A pipe for each writer needs none either, and a writer that dies in the middle of a message
//!   spoils only its own pipe.
//!
//! Python: `with lock: connection.send(message)`, with a `multiprocessing.Lock`
//! Broken: `race_pipe_interleave_broken`
//! Needs: `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_pipe_interleave_fixed
//! 2 processes sent 20 messages: 0 of them are mixed
//! ```

use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

const SIZE: usize = 128 * 1024; // bytes in a message
const MESSAGES: usize = 10; // from each writer

/// Writes `message` to a pipe that other processes write to as well. `lock` is a file that exists,
/// and the same for all writers.
pub fn send(pipe: &mut impl Write, lock: &Path, message: &[u8]) -> io::Result<()> {
    let lock = File::open(lock)?;
    lock.lock()?; // FIXED: until `lock` is dropped, the others wait here
    pipe.write_all(message)?;
    pipe.flush()
}

/// Sends messages to stdout, all bytes of which are the same letter.
fn write_messages(letter: &str, lock: &Path) -> io::Result<()> {
    let message = letter.repeat(SIZE);
    for _ in 0..MESSAGES {
        send(&mut io::stdout(), lock, message.as_bytes())?;
    }
    Ok(())
}

fn main() -> io::Result<ExitCode> {
    let args: Vec<String> = env::args().collect();
    if let [_, letter, lock] = args.as_slice() {
        write_messages(letter, Path::new(lock))?; // in a child of this program
        return Ok(ExitCode::SUCCESS);
    }

    let lock = tempfile::NamedTempFile::new()?;
    let (mut reader, writer) = io::pipe()?;
    let mut children = Vec::new();
    for letter in ["a", "b"] {
        let mut command = Command::new(env::current_exe()?);
        command.arg(letter);
        command.arg(lock.path());
        command.stdout(writer.try_clone()?);
        children.push(command.spawn()?);
    }
    drop(writer); // or reading would never come to an end
    let mut received = Vec::new();
    reader.read_to_end(&mut received)?;
    for child in &mut children {
        child.wait()?;
    }

    let messages = received.chunks(SIZE);
    let sent = messages.len();
    let mut mixed = 0;
    for message in messages {
        if message.iter().any(|byte| *byte != message[0]) {
            mixed += 1;
        }
    }
    println!("2 processes sent {sent} messages: {mixed} of them are mixed");
    if mixed == 0 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
