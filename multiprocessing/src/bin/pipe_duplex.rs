//! Talk to a child process over a pipe, one way or both ways, until a clean end of file.
//!
//! Use it for a child that is a program of your own and gets more than one message. For one way
//! there is `io::pipe`, for both ways a pair of sockets, one at each end. A pipe carries bytes and
//! knows no messages, so each message goes with its length in front.
//!
//! - The end of file comes when all copies of the other end are closed. Your own copy counts: the
//!   functions here take the `Command` and drop it, because it holds one.
//!   `deadlock_pipe_write_end` shows what happens otherwise.
//! - If the child exits or dies, `receive` returns `None`, or `UnexpectedEof` in the middle of a
//!   message. If it dies with messages unread, a socket may also say `ConnectionReset`.
//! - If both sides send without receiving, both wait once the buffers are full.
//! - For a command that only prints: `subprocess_capture`. Between threads: a channel.
//!
//! Python: `multiprocessing.Pipe()`, `send_bytes`, `recv_bytes` and `EOFError`
//! Needs: nothing
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/pipe_duplex.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin pipe_duplex
//! both ways: 10 pings, 10 pongs
//! then None, and exit status: 0
//! one way: "compiled"
//! one way: "tested"
//! then the end of file, and exit status: 0
//! ```

use std::io::{self, Error, ErrorKind, PipeReader, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::process::{Child, Command};

/// The longest message, in bytes. A broken peer must not make us allocate more.
pub const MAX_MESSAGE: u32 = 1 << 20;

/// Starts `command` with one end of a socket pair as its stdin, and returns our end. The child
/// reads from its stdin, and writes to it as well.
///
/// # Errors
/// If the system does not make the sockets or start the process.
pub fn spawn_both_ways(mut command: Command) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = command.stdin(OwnedFd::from(theirs)).spawn()?;
    Ok((child, ours)) // here `command` is dropped, and with it our copy of their end
}

/// Starts `command` with a pipe as its stdout, and returns the end to read from.
///
/// # Errors
/// If the system does not make the pipe or start the process.
pub fn spawn_one_way(mut command: Command) -> io::Result<(Child, PipeReader)> {
    let (reader, writer) = io::pipe()?;
    let child = command.stdout(writer).spawn()?;
    Ok((child, reader)) // here `command` is dropped, and with it our copy of `writer`
}

/// Sends one message: its length in four bytes, then its bytes.
///
/// # Errors
/// If the message is longer than `MAX_MESSAGE`, or nobody reads from the pipe any more.
pub fn send(pipe: &mut impl Write, message: &[u8]) -> io::Result<()> {
    if message.len() > MAX_MESSAGE as usize {
        return Err(ErrorKind::InvalidInput.into());
    }
    let length = message.len() as u32;
    pipe.write_all(&length.to_le_bytes())?;
    pipe.write_all(message)?;
    pipe.flush()
}

/// Waits for one message. Returns `None` if the other side has ended after a whole message.
///
/// # Errors
/// `UnexpectedEof` if it has ended in the middle of a message, `InvalidData` if it announces one
/// that is too long, and what the system says.
pub fn receive(pipe: &mut impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut length = Vec::new();
    pipe.take(4).read_to_end(&mut length)?;
    if length.is_empty() {
        return Ok(None);
    }
    let Ok(length) = <[u8; 4]>::try_from(length) else {
        return Err(ErrorKind::UnexpectedEof.into());
    };
    let length = u32::from_le_bytes(length);
    if length > MAX_MESSAGE {
        let error = format!("a message of {length} bytes");
        return Err(Error::new(ErrorKind::InvalidData, error));
    }
    let mut message = vec![0; length as usize];
    pipe.read_exact(&mut message)?;
    Ok(Some(message))
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::net::Shutdown;
use std::os::fd::AsFd;

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("--pong") => return pong(),
        Some("--report") => return report(),
        _ => {}
    }

    let (mut child, mut pipe) = spawn_both_ways(this_program("--pong")?)?;
    let mut pongs = 0;
    for _ in 0..10 {
        send(&mut pipe, b"ping")?;
        if receive(&mut pipe)?.as_deref() == Some(b"pong") {
            pongs += 1;
        }
    }
    println!("both ways: 10 pings, {pongs} pongs");
    pipe.shutdown(Shutdown::Write)?; // the end of file for the child
    let last = receive(&mut pipe)?;
    println!("then {last:?}, and {}", child.wait()?);

    let (mut child, mut pipe) = spawn_one_way(this_program("--report")?)?;
    while let Some(message) = receive(&mut pipe)? {
        println!("one way: {:?}", String::from_utf8_lossy(&message));
    }
    println!("then the end of file, and {}", child.wait()?);
    Ok(())
}

fn this_program(role: &str) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(role);
    Ok(command)
}

/// A child that answers on its stdin. `io::stdin()` can only read, so it makes a `UnixStream` of
/// the same socket.
fn pong() -> io::Result<()> {
    let stdin = io::stdin().as_fd().try_clone_to_owned()?;
    let mut pipe = UnixStream::from(stdin);
    while receive(&mut pipe)?.is_some() {
        send(&mut pipe, b"pong")?;
    }
    Ok(())
}

/// A child that only sends.
fn report() -> io::Result<()> {
    send(&mut io::stdout(), b"compiled")?;
    send(&mut io::stdout(), b"tested")
}
