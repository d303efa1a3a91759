//! Lost: a `select!` loop polls a future that has already ended, and panics.
//!
//! You see: "`async fn` resumed after completion", with a `JoinHandle` "JoinHandle polled after
//! completion"; some time after a part of the loop has done its work.
//! Why: a future must not be polled again once it has returned `Ready`. In a loop, `&mut upload` is
//! polled in every round, also after the round in which it ended.
//! Rule: a branch whose future can end gets a condition, `if !done`, or the loop ends with it.
//!
//! Python: does not happen: a task that has ended can be awaited as often as you like
//! Caught by: no lint
//! Fixed: `lost_finished_future_fixed`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_finished_future_broken
//! ? 1
//!
//! thread 'main' ([..]) panicked at pitfalls/src/bin/lost_finished_future_broken.rs:[..]
//! `async fn` resumed after completion
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! the loop: panicked with "`async fn` resumed after completion"
//! ```

use std::pin::pin;
use std::process::ExitCode;
use std::time::Duration;

use tokio::select;
use tokio::sync::mpsc::{self, Receiver};
use tokio::task;
use tokio::time::sleep;

/// Reads lines until there are no more, and uploads a file meanwhile.
pub async fn run(mut lines: Receiver<String>) -> String {
    let mut upload = pin!(upload());
    let mut uploaded = false;
    let mut read = 0;
    loop {
        select! {
            () = &mut upload => uploaded = true, // BROKEN: polled again in the next round
            line = lines.recv() => match line {
                Some(_) => read += 1,
                None => break,
            },
        }
    }
    let state = if uploaded { "uploaded" } else { "not uploaded" };
    format!("{state}, and {read} lines read")
}

async fn upload() {
    sleep(Duration::from_millis(1500)).await;
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let (sender, lines) = mpsc::channel(16);
    let running = task::spawn(run(lines));
    for line in ["a", "b", "c"] {
        sleep(Duration::from_secs(1)).await;
        let _ended = sender.send(line.to_owned()).await;
    }
    drop(sender);

    match running.await {
        Ok(done) => {
            println!("the loop: {done}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            let panic = error.into_panic();
            let message = panic.downcast_ref::<&str>().unwrap();
            println!("the loop: panicked with {message:?}");
            ExitCode::FAILURE
        }
    }
}
