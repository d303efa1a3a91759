//! Talk to a child process over a pipe, one way or both ways, in whole messages.
//!
//! Use it when a part of the program must be a process of its own: to crash alone, to have other
//! rights, or because it is another program. For one way `std::io::pipe` is enough; for both ways
//! there is a socket pair, one file at each end. A pipe carries bytes, so the length of every
//! message goes before it. The child's exit, or its death, is an end of file here, on one
//! condition: nobody else holds the child's end. `spawn_duplex` sees to that. An end in the middle
//! of a message is an error, not an end; so is, both ways, a child that died before it read all.
//! Between threads a channel does all this with less.
//!
//! Python: `multiprocessing.Pipe()`, `Connection.send_bytes`, `recv_bytes`, `EOFError`.
//! Needs: `cargo add clap@4 -F derive`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p multiprocessing --bin pipe_duplex
//! both ways: 10 pings, 10 pongs, then the end; the child: exit status: 0
//! one way: 10 messages, in order: true, then the end; the child: exit status: 0
//! a pipe that ends in the middle of a message: failed to fill whole buffer
//! a message that claims 4 GiB: a message of 4294967295 bytes, at most 65536 are allowed
//!
//! $ cargo run -p multiprocessing --bin pipe_duplex -- --rounds 0
//! both ways: 0 pings, 0 pongs, then the end; the child: exit status: 0
//! one way: 0 messages, in order: true, then the end; the child: exit status: 0
//! ...
//! ```

use std::env;
use std::io::{self, Error, ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, ExitCode};

use clap::Parser;

/// Starts `command` with a two-way pipe for its stdin, and returns the child and our end. The
/// child reads from its stdin and may write to it as well. Drop our end, and the child reads an
/// end of file; `wait` for the child then, or it stays a zombie.
pub fn spawn_duplex(mut command: Command) -> io::Result<(Child, UnixStream)> {
    let (ours, theirs) = UnixStream::pair()?;
    let child = command.stdin(OwnedFd::from(theirs)).spawn()?;
    Ok((child, ours)) // drops `command`, and with it the last copy of their end in this process
}

/// Sends one message: its length in four bytes, least significant first, then its bytes.
pub fn send(mut pipe: impl Write, message: &[u8]) -> io::Result<()> {
    let length =
        u32::try_from(message.len()).map_err(|e| Error::new(ErrorKind::InvalidInput, e))?;
    pipe.write_all(&length.to_le_bytes())?;
    pipe.write_all(message)?;
    pipe.flush()
}

/// Receives one message of at most `most` bytes, and waits for it; `None` where the sender ended
/// between two messages. If it ended within one, the error is `UnexpectedEof`; if it ended with
/// messages to it unread, `ConnectionReset`, on a pipe both ways; if the message is too large,
/// `InvalidData`, and the pipe is of no use any more.
pub fn receive(mut pipe: impl Read, most: u32) -> io::Result<Option<Vec<u8>>> {
    let mut length = Vec::new();
    pipe.by_ref().take(4).read_to_end(&mut length)?;
    let length = match length[..] {
        [] => return Ok(None),
        [a, b, c, d] => u32::from_le_bytes([a, b, c, d]),
        _ => return Err(ErrorKind::UnexpectedEof.into()),
    };
    if length > most {
        let why = format!("a message of {length} bytes, at most {most} are allowed");
        return Err(Error::new(ErrorKind::InvalidData, why));
    }
    let mut message = vec![0; length as usize];
    pipe.read_exact(&mut message)?;
    Ok(Some(message))
}

const MOST: u32 = 1 << 16;

#[derive(Parser)]
struct Args {
    /// How many messages to send
    #[arg(long, value_name = "N", default_value_t = 10)]
    rounds: u32,

    /// What the child is to do: the program starts itself with it
    #[arg(long, hide = true)]
    role: Option<String>,
}

fn main() -> io::Result<ExitCode> {
    let Args { rounds, role } = Args::parse();
    match role.as_deref() {
        None => parent(rounds),
        Some("pong") => pong().map(|()| ExitCode::SUCCESS),
        Some("count") => count(rounds).map(|()| ExitCode::SUCCESS),
        Some(role) => Err(Error::other(format!("no such role: {role}"))),
    }
}

fn parent(rounds: u32) -> io::Result<ExitCode> {
    let (mut child, pipe) = spawn_duplex(this_program("pong", rounds)?)?;
    let mut pongs = 0;
    for round in 0..rounds {
        send(&pipe, &round.to_le_bytes())?;
        let pong = receive(&pipe, MOST)?;
        pongs += u32::from(pong == Some((!round).to_le_bytes().to_vec()));
    }
    pipe.shutdown(Shutdown::Write)?; // the child reads an end, and ends; then so does our half
    let ended = receive(&pipe, MOST)?.is_none();
    let status = child.wait()?;
    println!("both ways: {rounds} pings, {pongs} pongs, then the end; the child: {status}");

    let (pipe, writer) = io::pipe()?;
    let mut command = this_program("count", rounds)?;
    let mut child = command.stdout(writer).spawn()?;
    drop(command); // it holds `writer`: while it lives, the loop below does not end
    let mut numbers = Vec::new();
    while let Some(message) = receive(&pipe, MOST)? {
        numbers.extend(message.try_into().map(u32::from_le_bytes)); // 4 bytes each
    }
    let in_order = numbers.iter().copied().eq(0..rounds);
    let (count, status) = (numbers.len(), child.wait()?);
    println!("one way: {count} messages, in order: {in_order}, then the end; the child: {status}");

    let torn = receive(&b"\x0a\0\0\0half"[..], MOST).expect_err("ten bytes were announced");
    println!("a pipe that ends in the middle of a message: {torn}");
    let huge = receive(&[0xff; 4][..], MOST).expect_err("more than MOST");
    println!("a message that claims 4 GiB: {huge}");

    let held = ended && pongs == rounds && in_order && torn.kind() == ErrorKind::UnexpectedEof;
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn this_program(role: &str, rounds: u32) -> io::Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.args(["--role", role, "--rounds", &rounds.to_string()]);
    Ok(command)
}

/// Answers every number with its complement, until the parent ends.
fn pong() -> io::Result<()> {
    // Not `io::stdin()`: that reads ahead, and nobody can write to it.
    let pipe = UnixStream::from(io::stdin().as_fd().try_clone_to_owned()?);
    while let Some(mut message) = receive(&pipe, MOST)? {
        message.iter_mut().for_each(|byte| *byte = !*byte);
        send(&pipe, &message)?;
    }
    Ok(())
}

/// Sends the numbers below `rounds` to its stdout.
fn count(rounds: u32) -> io::Result<()> {
    (0..rounds).try_for_each(|round| send(io::stdout(), &round.to_le_bytes()))
}
