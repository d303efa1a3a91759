//! Leak: a server spawns into a `JoinSet` and never asks for results, so all of them are kept.
//!
//! You see: memory that grows with every request, though no task is left; after days the program is
//! killed (out of memory).
//! Why: a `JoinSet` keeps a task that has ended until somebody takes its result with `join_next`.
//! In a loop that only spawns, nobody does.
//! Rule: a loop that spawns also takes the results, or uses a collection that keeps none.
//!
//! Python: `tasks.append(asyncio.create_task(..))` in a loop, and the list is never cleared
//! Caught by: no lint
//! Fixed: `leak_joinset_results_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_joinset_results_broken
//! ? 1
//! 1000 requests done, results kept: 1000
//! ```

use std::process::ExitCode;

use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{self, JoinSet};

/// Handles each request in a task of its own. Returns the tasks when there are no more requests.
pub async fn serve(mut requests: Receiver<u32>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    while let Some(request) = requests.recv().await {
        tasks.spawn(handle(request));
        // BROKEN: nobody takes the results of those that have ended
    }
    tasks
}

async fn handle(_request: u32) {}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (sender, requests) = mpsc::channel(16);
    let serving = task::spawn(serve(requests));
    for request in 0..1000 {
        sender.send(request).await.unwrap();
        task::yield_now().await; // the request is handled
    }
    drop(sender);

    let kept = serving.await.unwrap().len();
    println!("1000 requests done, results kept: {kept}");
    if kept <= 16 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
