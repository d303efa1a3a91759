//! Deadlock: the runtime waits at exit for a blocking read that nothing ends.
//!
//! You see: `main` has returned, and the program never exits; pressing Enter ends it.
//! Why: when a runtime is dropped, and `#[tokio::main]` drops it last, it stops its tasks at their
//! next `.await`. A job of `spawn_blocking` has none: the runtime waits for it, and `abort` does
//! nothing to it. `tokio::io::stdin` reads in such a job.
//! Rule: `spawn_blocking` is for work that ends by itself; what may never end gets its own thread.
//!
//! Python: `asyncio.to_thread(input)`: `asyncio.run` waits for its threads at exit.
//! Caught by: no lint; nothing.
//! Fixed: `deadlock_exit_blocked_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_exit_blocked_broken
//! ? 1
//! the command was "quit", and the async main has returned
//! deadlock: the runtime waited for a read, and it ended only once a line came
//! ```

use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};
use tokio::task;

/// Yields the lines of `input` as they come, and the error that ended it, if any.
///
/// Reading stops at the end of `input`, or at the first line after the receiver is gone.
pub fn lines(input: impl BufRead + Send + 'static) -> Receiver<io::Result<String>> {
    let (sender, lines) = channel(16);
    // BROKEN: the runtime will wait for this job
    task::spawn_blocking(move || {
        for line in input.lines() {
            let failed = line.is_err();
            if sender.blocking_send(line).is_err() || failed {
                break;
            }
        }
    });
    lines
}

// Only for the demo from here on.

fn main() -> io::Result<ExitCode> {
    let (keyboard, mut user) = io::pipe()?; // stands for a terminal
    writeln!(user, "quit")?;
    let (report, commands) = mpsc::channel();
    let (done, ended) = mpsc::channel();
    thread::spawn(move || {
        console(BufReader::new(keyboard), &report);
        done.send(())
    });
    if let Ok(command) = commands.recv_timeout(Duration::from_secs(10)) {
        println!("the command was {command:?}, and the async main has returned");
    }
    let runtime = ended.recv_timeout(Duration::from_millis(300));
    if runtime.is_ok() {
        println!("done: the runtime has ended, and nobody has typed anything more");
        return Ok(ExitCode::SUCCESS);
    }
    writeln!(user)?; // the user presses Enter: the read ends
    let after_all = ended.recv_timeout(Duration::from_secs(10));
    if runtime == Err(RecvTimeoutError::Timeout) && after_all.is_ok() {
        println!("deadlock: the runtime waited for a read, and it ended only once a line came");
    }
    Ok(ExitCode::FAILURE)
}

#[tokio::main(flavor = "current_thread")]
async fn console(input: impl BufRead + Send + 'static, report: &mpsc::Sender<String>) {
    if let Some(Ok(command)) = lines(input).recv().await {
        report.send(command).expect("main listens");
    }
}
