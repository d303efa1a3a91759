//! Fixed: the branch has a condition, and is not polled again once its future has ended.
//!
//! `, if !uploaded` is looked at before each round. `futures::future::FutureExt::fuse` with
//! `futures::select!` does it without a variable. Where the loop has nothing more to do when the
//! future has ended, `break` is the simplest.
//!
//! Python: `asyncio.wait(..., return_when=FIRST_COMPLETED)` with the set of those that are pending
//! Broken: `lost_finished_future_broken`
//! Needs: `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_finished_future_fixed
//! the loop: uploaded, and 3 lines read
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
            () = &mut upload, if !uploaded => uploaded = true, // FIXED: not polled again
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
