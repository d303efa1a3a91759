//! Fixed: a plain thread reads, so the runtime ends without it.
//!
//! A thread of std is not the runtime's: when `main` returns, the process ends, whatever the
//! thread waits for. So it may be cut off in the middle of a line; work that must be finished
//! wants an owner who joins it. With a runtime that you build yourself, `shutdown_timeout` gives
//! up on blocking jobs of every kind.
//!
//! Python: `threading.Thread(target=read, daemon=True)` with `loop.call_soon_threadsafe`, where
//! `read` calls `os.read(0, n)`: one that is in `input()` may abort the interpreter at its end.
//! Broken: `deadlock_exit_blocked_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_exit_blocked_fixed
//! the command was "quit", and the async main has returned
//! done: the runtime has ended, and nobody has typed anything more
//! ```

use std::io::{self, BufRead, BufReader, Write};
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use tokio::sync::mpsc::{Receiver, channel};

/// Yields the lines of `input` as they come, and the error that ended it, if any.
///
/// Reading stops at the end of `input`, or at the first line after the receiver is gone.
pub fn lines(input: impl BufRead + Send + 'static) -> Receiver<io::Result<String>> {
    let (sender, lines) = channel(16);
    // FIXED: no runtime waits for this thread
    thread::spawn(move || {
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
    let runtime = ended.recv_timeout(Duration::from_secs(10));
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
