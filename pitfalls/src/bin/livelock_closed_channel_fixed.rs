//! Fixed: `None` ends the loop.
//!
//! `while let Some(job) = jobs.recv().await` says the same in one line. In a `select!` the pattern
//! `Some(job) = jobs.recv()` switches the branch off when it does not match, and an `else` branch
//! is what runs when all of them are off.
//!
//! Python: `except queue.ShutDown: break`, or a `None` in the queue that ends the loop
//! Broken: `livelock_closed_channel_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin livelock_closed_channel_fixed
//! handled 3 jobs, asked 1 times after the end
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
                return (handled, asked); // FIXED: the channel is closed
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
