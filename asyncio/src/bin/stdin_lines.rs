//! Read lines from stdin without holding up the other tasks, or the exit of the program.
//!
//! Use it for a program that people type commands into while it works. A thread of its own reads
//! stdin and sends the lines through a bounded channel, and tasks await them. Nobody can interrupt
//! a thread that reads, so nobody waits for this one: when `main` returns, the process ends.
//!
//! - `tokio::io::stdin` is for input that ends by itself, such as a file. It reads in a blocking
//!   job, and the runtime waits for that job when it ends: the program would not exit until
//!   somebody presses Enter (`deadlock_exit_blocked`).
//! - Call `stdin_lines` once. It reads ahead: lines that nobody has received are gone at the exit.
//! - A line has no limit: it is in memory until it ends.
//! - In the run below, `sleep` keeps stdin open, as a terminal does.
//! - For a prompt with history and editing: the crate `rustyline`, also on a thread of its own.
//!
//! Python: `await asyncio.to_thread(sys.stdin.readline)`, which holds up the exit of `asyncio.run`
//! Needs: `cargo add tokio@1 -F sync`
//! Demo needs: `cargo add anyhow@1`, `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/stdin_lines.rs`
//!
//! ```console unordered
//! $ (echo news; echo mail; echo quit; sleep 1) | cargo run -p asyncio --bin stdin_lines
//! downloaded: news
//! downloaded: mail
//! exit
//! ```

use std::{io, thread};

use tokio::sync::mpsc;

/// Returns the lines of standard input as they come.
///
/// After the last line, or after an error, the channel is closed. A line that is not UTF-8 is an
/// error.
///
/// # Panics
/// If the system has no more threads to give.
pub fn stdin_lines() -> mpsc::Receiver<io::Result<String>> {
    let (sender, receiver) = mpsc::channel(16);
    // Nobody joins it: it may be waiting for a key when the program exits.
    thread::spawn(move || {
        for line in io::stdin().lines() {
            let is_last = line.is_err();
            let sent = sender.blocking_send(line);
            if is_last || sent.is_err() {
                return;
            }
        }
    });
    receiver
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use tokio::select;
use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let mut lines = stdin_lines();
    let mut is_reading = true;
    let mut downloads = JoinSet::new();
    loop {
        select! {
            Some(line) = lines.recv(), if is_reading => {
                let line = line?;
                if line == "quit" {
                    is_reading = false;
                } else {
                    downloads.spawn(download(line));
                }
            }
            Some(page) = downloads.join_next() => println!("downloaded: {}", page?),
            else => break, // no more lines, and all downloads have ended
        }
    }
    println!("exit");
    Ok(())
}

/// Stands for a request that takes a while.
async fn download(page: String) -> String {
    sleep(Duration::from_millis(100)).await;
    page
}
