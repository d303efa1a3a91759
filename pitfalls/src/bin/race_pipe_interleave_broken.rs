//! Race: two processes write messages to one pipe, and the messages run into each other.
//!
//! You see: now and then a message that does not parse, with a part of another message inside.
//! Why: a pipe keeps one `write` together only up to `PIPE_BUF`, which is 4096 bytes on Linux. A
//! longer one waits for room between its parts, and meanwhile the other process may write. Here the
//! pipe is small, and it is read while both are in `write`: that forces the bad moment.
//! Rule: one pipe for each writer, messages of at most `PIPE_BUF`, or a lock around each message.
//!
//! Python: two processes that call `send` on the same end of a `multiprocessing.Pipe()`
//! Caught by: no lint
//! Fixed: `race_pipe_interleave_fixed`
//! Needs: `cargo add nix@0.31 -F fs`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_pipe_interleave_broken
//! ? 1
//! 2 processes sent 20 messages: [..] of them are mixed
//! ```

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::process::{Child, Command, ExitCode};
use std::thread;
use std::time::Duration;

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::SYS_write;

const SIZE: usize = 128 * 1024; // bytes in a message
const MESSAGES: usize = 10; // from each writer

/// Writes `message` to a pipe that other processes write to as well.
pub fn send(pipe: &mut impl Write, message: &[u8]) -> io::Result<()> {
    pipe.write_all(message)?; // BROKEN: in parts, if it is longer than `PIPE_BUF`
    pipe.flush()
}

/// Sends messages to stdout, all bytes of which are the same letter.
fn write_messages(letter: &str) -> io::Result<()> {
    let message = letter.repeat(SIZE);
    for _ in 0..MESSAGES {
        send(&mut io::stdout(), message.as_bytes())?;
    }
    Ok(())
}

/// Waits until the kernel says that each child is in `write`, for at most 5 seconds each.
fn wait_until_in_write(children: &[Child]) -> io::Result<()> {
    let in_write = format!("{SYS_write} ");
    for child in children {
        let path = format!("/proc/{}/syscall", child.id());
        for _ in 0..5000 {
            if fs::read_to_string(&path)?.starts_with(&in_write) {
                break;
            }
            thread::sleep(Duration::from_millis(1));
        }
    }
    Ok(())
}

fn main() -> io::Result<ExitCode> {
    let args: Vec<String> = env::args().collect();
    if let [_, letter] = args.as_slice() {
        write_messages(letter)?; // in a child of this program
        return Ok(ExitCode::SUCCESS);
    }

    let (mut reader, writer) = io::pipe()?;
    // only for the demo: a small pipe, which is full at once
    let capacity = fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096))? as usize;
    let mut children = Vec::new();
    for letter in ["a", "b"] {
        let mut command = Command::new(env::current_exe()?);
        command.arg(letter);
        command.stdout(writer.try_clone()?);
        children.push(command.spawn()?);
    }
    drop(writer); // or reading would never come to an end
    // only for the demo: the first parts are read while both children wait for room
    let mut received = vec![0; 4 * capacity];
    for part in received.chunks_mut(capacity) {
        wait_until_in_write(&children)?;
        reader.read_exact(part)?;
    }
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
