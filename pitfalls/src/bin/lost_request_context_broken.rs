//! Lost: a request id in a thread-local variable is that of another request after an `.await`.
//!
//! You see: log lines with the id, the user or the language of somebody else, under load only.
//! Why: many tasks share a thread, and one of them may even go on on another thread. Whatever runs
//! while a task waits sets the same variable.
//! Rule: what belongs to a request is an argument, or in a `task_local!`.
//!
//! Python: `threading.local()` in asyncio; `contextvars` is what works there
//! Caught by: no lint
//! Fixed: `lost_request_context_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_request_context_broken
//! ? 1
//! requests 1 and 2 wrote: ["request 2: done", "request 2: done"]
//! ```

use std::cell::Cell;
use std::process::ExitCode;

use tokio::{join, task};

thread_local! {
    static REQUEST: Cell<u32> = const { Cell::new(0) };
}

/// Handles a request. Returns what it logs.
pub async fn handle(id: u32) -> String {
    REQUEST.set(id); // BROKEN: for the thread, not for the task
    query().await;
    log_line("done")
}

/// Stands for a query to a database.
async fn query() {
    task::yield_now().await;
}

fn log_line(message: &str) -> String {
    let id = REQUEST.get();
    format!("request {id}: {message}")
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let (first, second) = join!(handle(1), handle(2));
    let lines = [first, second];
    println!("requests 1 and 2 wrote: {lines:?}");
    if lines[0].contains("request 1") {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
