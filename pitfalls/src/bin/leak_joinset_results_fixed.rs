//! Fixed: after each `spawn` the loop takes the results of the tasks that have ended.
//!
//! `try_join_next` does not wait: it returns `None` when no task has ended. In a `select!` loop
//! make `join_next` a branch. Without results there is `TaskTracker` of tokio-util, which keeps
//! nothing of a task that has ended (`graceful_shutdown`).
//!
//! Python: `task.add_done_callback(tasks.discard)`, with a set
//! Broken: `leak_joinset_results_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_joinset_results_fixed
//! 1000 requests done, results kept: 1
//! ```

use std::process::ExitCode;

use tokio::sync::mpsc::{self, Receiver};
use tokio::task::{self, JoinSet};

/// Handles each request in a task of its own. Returns the tasks when there are no more requests.
pub async fn serve(mut requests: Receiver<u32>) -> JoinSet<()> {
    let mut tasks = JoinSet::new();
    while let Some(request) = requests.recv().await {
        tasks.spawn(handle(request));
        while let Some(ended) = tasks.try_join_next() {
            ended.expect("no task panics"); // FIXED: takes the results
        }
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
