//! No-op: `let _ =` before a permit gives it back at once, so the limit limits nothing.
//!
//! You see: a semaphore of two permits, and ten downloads at once; the server answers "429 Too Many
//! Requests", or the program runs out of files.
//! Why: `_` is a pattern that binds nothing. The permit is dropped at the end of the statement,
//! before the download begins. `_permit` is a name, and keeps it until the end of the block.
//! Rule: a guard or a permit gets a name, such as `_permit`.
//!
//! Python: `semaphore.acquire()` without `await`, or a download below the `async with`
//! Caught by: clippy `let_underscore_untyped` (opt-in), which sees every `let _ =`; with a guard of
//! a std `Mutex` rustc refuses it (`let_underscore_lock`)
//! Fixed: `noop_permit_dropped_fixed`
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_permit_dropped_broken
//! ? 1
//! 10 downloads, 2 permits: at most 10 at once
//! ```

#![warn(clippy::let_underscore_untyped)] // not on by default

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
    #[expect(
        clippy::let_underscore_untyped,
        reason = "the mistake that this file shows"
    )]
    let _ = permits.acquire().await?; // BROKEN: dropped at once
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
