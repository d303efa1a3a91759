//! Send messages from many processes to one reader, through one pipe, each in one piece.
//!
//! Use it to collect results or log lines from several child processes. All of them write to the
//! same pipe, and the parent reads until the last one has ended. The system writes up to `PIPE_BUF`
//! bytes (4096 on Linux, 512 on macOS) in one piece, so each message goes with its length in one
//! `write`, and needs no lock.
//!
//! - Longer messages would be mixed, so `send` refuses them. Put a lock around the write
//!   (`race_pipe_interleave`), or give each child a pipe of its own (`poll_many_pipes`).
//! - A child that is killed leaves whole messages behind, and the others go on.
//! - A pipe is bounded, on Linux at 64 KiB. If the reader is slow, the writers wait.
//! - The messages of one child keep their order. There is none between the children.
//! - `receive` returns `None` only when every copy of the writer is closed. Drop your own, and each
//!   `Command`, which holds one.
//! - Here a child's stdout is the pipe: a `println!` there breaks the messages.
//! - Only one process may read: two would cut each other's messages in pieces.
//!
//! Python: `multiprocessing.Queue()`, where a process killed in `put` breaks the queue for all
//! Needs: `cargo add anyhow@1 libc@0.2 serde@1`, `cargo add postcard@1 -F use-std`
//! Demo needs: `cargo add serde@1 -F derive`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/process_queue.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin process_queue
//! paris: 100 measurements
//! oslo: 100 measurements
//! cairo: 100 measurements
//! ```

use std::io::{ErrorKind, PipeReader, PipeWriter, Read, Write};

use anyhow::{Result, ensure};
use serde::{Serialize, de::DeserializeOwned};

/// Sends one message. `pipe` is a `PipeWriter` because it must not buffer: stdout would write a
/// message up to its last newline, and what follows later.
///
/// # Errors
/// If the message has more than `PIPE_BUF` bytes with its length, or the reader has ended.
pub fn send<T: Serialize>(pipe: &mut PipeWriter, message: &T) -> Result<()> {
    let message = postcard::to_stdvec(message)?;
    let length = message.len();
    ensure!(
        length + 2 <= libc::PIPE_BUF,
        "a message of {length} bytes is too long"
    );
    let mut frame = Vec::from((length as u16).to_le_bytes());
    frame.extend(message);
    pipe.write_all(&frame)?; // the system takes it in one piece
    Ok(())
}

/// Waits for one message. Returns `None` when all senders have ended or closed the pipe.
///
/// # Errors
/// If something else than `send` has written to the pipe.
pub fn receive<T: DeserializeOwned>(pipe: &mut PipeReader) -> Result<Option<T>> {
    let mut length = [0; 2];
    match pipe.read_exact(&mut length) {
        Ok(()) => {}
        Err(error) if error.kind() == ErrorKind::UnexpectedEof => return Ok(None),
        Err(error) => return Err(error.into()),
    }
    let length = u16::from_le_bytes(length);
    let mut message = vec![0; usize::from(length)];
    pipe.read_exact(&mut message)?;
    let message = postcard::from_bytes(&message)?;
    Ok(Some(message))
}

// ---- Demo ----------------------------------------------------------------------------------

use std::collections::HashMap;
use std::env;
use std::io;
use std::os::fd::AsFd;
use std::process::Command;

use serde::Deserialize;

#[derive(Serialize, Deserialize)]
struct Measurement {
    city: String,
    hour: u32,
    degrees: i32,
}

const CITIES: [&str; 3] = ["paris", "oslo", "cairo"];

fn main() -> Result<()> {
    if let Some(city) = env::args().nth(1) {
        return measure(&city); // this process is a child
    }

    let (mut pipe, writer) = io::pipe()?;
    let mut children = Vec::new();
    for city in CITIES {
        let child = Command::new(env::current_exe()?)
            .arg(city)
            .stdout(writer.try_clone()?)
            .spawn()?;
        children.push(child);
    }
    drop(writer); // or `receive` would wait for us, too

    let mut counts: HashMap<String, u32> = HashMap::new();
    while let Some(measurement) = receive::<Measurement>(&mut pipe)? {
        let count = counts.entry(measurement.city).or_default();
        *count += 1;
    }
    for mut child in children {
        child.wait()?;
    }

    for city in CITIES {
        println!("{city}: {} measurements", counts[city]);
    }
    Ok(())
}

/// What a child does: measures the temperature of its city 100 times.
fn measure(city: &str) -> Result<()> {
    let stdout = io::stdout().as_fd().try_clone_to_owned()?;
    let mut pipe = PipeWriter::from(stdout);
    for hour in 0..100 {
        let measurement = Measurement {
            city: city.to_owned(),
            hour,
            degrees: 15,
        };
        send(&mut pipe, &measurement)?;
    }
    Ok(())
}
