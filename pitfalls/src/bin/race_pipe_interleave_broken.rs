//! Race: two processes write messages to one pipe, and the messages run into each other.
//!
//! You see: now and then a message that does not parse: a part of another one is inside.
//! Why: a pipe keeps a `write` in one piece only up to `PIPE_BUF`, 4096 bytes on Linux. A longer
//! one waits for room between its parts, and then anybody may write. Here the pipe is small,
//! and is read while both are in `write`, which forces the bad moment on every run.
//! Rule: one pipe for each writer; or messages of at most `PIPE_BUF`; or a lock around each.
//!
//! Python: two processes that call `send` on the same end of a `multiprocessing.Pipe()`.
//! Caught by: no lint.
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
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::process::{Child, Command, ExitCode};
use std::thread::sleep;
use std::time::{Duration, Instant};

use nix::fcntl::{FcntlArg, fcntl};
use nix::libc::SYS_write;

/// Writes `message` to a pipe that others write to as well.
pub fn send(pipe: &mut impl Write, message: &[u8]) -> io::Result<()> {
    pipe.write_all(message)?; // BROKEN: in parts, if it is longer than `PIPE_BUF`
    pipe.flush()
}

// Only for the demo from here on.

const SIZE: usize = 128 << 10; // of a message, in bytes
const MESSAGES: usize = 10; // of each writer

fn main() -> io::Result<ExitCode> {
    if let [_, role, letter] = &env::args_os().collect::<Vec<_>>()[..]
        && role == "write"
    {
        return write_messages(letter); // in a child: the program started itself
    }
    let (mut reader, writer) = io::pipe()?;
    fcntl(&writer, FcntlArg::F_SETPIPE_SZ(4096))?; // only for the demo: full at once
    let mut children = Vec::new();
    for letter in ["a", "b"] {
        let mut command = Command::new(env::current_exe()?);
        command.args(["write", letter]);
        children.push(command.stdout(writer.try_clone()?).spawn()?);
    }
    drop(writer); // or `read_to_end` would wait for us
    let mut received = vec![0; SIZE / 4];
    let give_up = Instant::now() + Duration::from_secs(2);
    for pipeful in received.chunks_mut(4096) {
        wait_until_in_write(&children, give_up); // only for the demo: the writers take turns
        reader.read_exact(pipeful)?;
    }
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
fn write_messages(letter: &OsStr) -> io::Result<ExitCode> {
    let mut pipe = File::from(io::stdout().as_fd().try_clone_to_owned()?); // without a buffer
    let message = letter.as_encoded_bytes().repeat(SIZE);
    for _ in 0..MESSAGES {
        send(&mut pipe, &message)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Waits until the kernel says that each child sleeps in `write`.
fn wait_until_in_write(children: &[Child], give_up: Instant) {
    let write = format!("{SYS_write} ");
    let in_write = |child: &Child| {
        let call = fs::read_to_string(format!("/proc/{}/syscall", child.id()));
        call.is_ok_and(|call| call.starts_with(&write))
    };
    while !children.iter().all(in_write) && Instant::now() < give_up {
        sleep(Duration::from_millis(1));
    }
}
