//! Fixed: a plain thread reads, and the program exits without it.
//!
//! A std thread does not belong to the runtime, and when `main` returns the process ends,
//! whatever its threads are doing. So this one may be cut off in the middle of a line: work that
//! must be finished needs an owner who joins it. With a runtime that you build yourself,
//! `Runtime::shutdown_timeout` gives up waiting for blocking jobs, those of `tokio::io::stdin` too.
//!
//! Python: `threading.Thread(target=read, daemon=True)`, which reads with
//! `os.read`: a daemon thread that waits in `input()` may crash the interpreter at exit
//! Broken: `deadlock_exit_blocked_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_exit_blocked_fixed
//! command: Some(Ok("quit"))
//! exit within 10s: Ok(())
//! ```

use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Reads lines from `input`, which may block, and returns them as they come.
///
/// Reading ends with the input, or with the first line that comes after the receiver is gone.
pub fn lines(input: impl BufRead + Send + 'static) -> Receiver<io::Result<String>> {
    let (sender, lines) = channel(16);
    // FIXED: at exit nobody waits for this thread
    thread::spawn(move || {
        for line in input.lines() {
            if sender.blocking_send(line).is_err() {
                return;
            }
        }
    });
    lines
}

/// Stands for an async `main`: it starts a runtime, and drops it when it returns.
#[tokio::main(flavor = "current_thread")]
async fn read_command(input: impl BufRead + Send + 'static) {
    let command = lines(input).recv().await;
    println!("command: {command:?}");
}

fn main() -> io::Result<ExitCode> {
    let (keyboard, mut user) = io::pipe()?; // stands for a terminal
    writeln!(user, "quit")?;
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        read_command(BufReader::new(keyboard));
        sender.send(()).unwrap();
    });

    let in_time = receiver.recv_timeout(LIMIT);
    println!("exit within {LIMIT:?}: {in_time:?}");
    if in_time.is_ok() {
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(user)?;
    let later = receiver.recv_timeout(Duration::from_secs(10));
    println!("exit after the user has pressed Enter: {later:?}");
    Ok(ExitCode::FAILURE)
}
