//! Livelock: a loop goes on after `None`, and a closed channel answers `None` at once, forever.
//!
//! You see: 100% CPU as soon as the last sender is gone, for example at shutdown, and a program
//! that does not end.
//! Why: `recv` waits only while there is a sender. When the last one is dropped and the queue is
//! empty, it returns `None` immediately, each time. In async code this loop does not even let other
//! tasks run.
//! Rule: `None`, and `Err` from a std channel, is the end: `break`, or `while let Some(..)`.
//!
//! Python: `except queue.ShutDown: continue` around `queue.get()`
//! Caught by: no lint
//! Fixed: `livelock_closed_channel_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin livelock_closed_channel_broken
//! ? 1
//! handled 3 jobs, asked 1000000 times after the end
//! ```

use std::process::ExitCode;

use tokio::sync::mpsc::{self, Receiver};

/// Handles jobs. Returns how many there were, and how often it asked a closed channel.
pub async fn work(mut jobs: Receiver<u32>) -> (u32, u32) {
    let mut handled = 0;
    let mut asked = 0;
    loop {
        match jobs.recv().await {
            Some(_job) => handled += 1,
            None => {
                asked += 1;
                if asked == 1_000_000 {
                    return (handled, asked); // only for the demo: nothing else ends it
                }
                continue; // BROKEN: asks again, and nobody can ever answer
            }
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (sender, jobs) = mpsc::channel(16);
    for job in 0..3 {
        sender.send(job).await.unwrap();
    }
    drop(sender);
    let (handled, asked) = work(jobs).await;
    println!("handled {handled} jobs, asked {asked} times after the end");
    if asked == 1 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
