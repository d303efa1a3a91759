//! Deadlock: at exit, the program waits for a blocking read that never ends.
//!
//! You see: `main` has returned, but the program does not exit until somebody presses Enter.
//! Why: `#[tokio::main]` drops its runtime at the end, and that cancels tasks at their `.await`. A
//! job of `spawn_blocking` has no `.await`: once it has begun, `abort` does nothing, and the
//! runtime waits until it returns. (A job that is still in the queue may be dropped, but usually
//! runs as well.) `tokio::io::stdin` also reads in such a job.
//! Rule: `spawn_blocking` is for work that ends by itself. What may never end gets its own thread.
//!
//! Python: `asyncio.to_thread(input)`: `asyncio.run` waits for that thread before it returns
//! Caught by: nothing
//! Fixed: `deadlock_exit_blocked_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_exit_blocked_broken
//! ? 1
//! command: Some(Ok("quit"))
//! exit within 300ms: Err(Timeout)
//! exit after the user has pressed Enter: Ok(())
//! ```

use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::task;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Reads lines from `input`, which may block, and returns them as they come.
///
/// Reading ends with the input, or with the first line that comes after the receiver is gone.
pub fn lines(input: impl BufRead + Send + 'static) -> Receiver<io::Result<String>> {
    let (sender, lines) = channel(16);
    // BROKEN: at exit the runtime waits for this job
    task::spawn_blocking(move || {
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
