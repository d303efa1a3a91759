//! Fixed: the permit has a name, so it lives until the download is done.
//!
//! A variable is dropped at the end of its block, on every way out: after an error, a panic, or a
//! cancel at an `.await`. A task that is spawned needs a permit that it owns: `acquire_owned` on an
//! `Arc<Semaphore>`, moved into the task.
//!
//! Python: `async with semaphore:` around the download
//! Broken: `noop_permit_dropped_broken`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_permit_dropped_fixed
//! 10 downloads, 2 permits: at most 2 at once
//! ```

use std::cell::Cell;
use std::process::ExitCode;
use std::time::Duration;

use futures::future::join_all;
use tokio::sync::{AcquireError, Semaphore};
use tokio::time::sleep;

/// Downloads a page from `server`, when there is a permit.
///
/// # Errors
/// If the semaphore is closed.
pub async fn download(permits: &Semaphore, server: &Server) -> Result<(), AcquireError> {
    let _permit = permits.acquire().await?; // FIXED: kept until the end of the function
    server.get().await;
    Ok(())
}

/// Stands for a server: it counts how many requests it answers at once.
#[derive(Default)]
pub struct Server {
    requests: Cell<usize>,
    most: Cell<usize>,
}

impl Server {
    async fn get(&self) {
        self.requests.update(|requests| requests + 1);
        self.most.update(|most| most.max(self.requests.get()));
        sleep(Duration::from_millis(10)).await;
        self.requests.update(|requests| requests - 1);
    }
}

#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() -> ExitCode {
    let permits = Semaphore::new(2);
    let server = Server::default();
    let downloads = (0..10).map(|_| download(&permits, &server));
    join_all(downloads).await;

    let most = server.most.get();
    println!("10 downloads, 2 permits: at most {most} at once");
    if most == 2 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
