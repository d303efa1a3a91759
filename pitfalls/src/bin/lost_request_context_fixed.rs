//! Fixed: the request id is a `task_local!`, which is set while this request is polled.
//!
//! `scope` sets the value each time the future is polled, and resets it afterwards. A spawned task
//! does not inherit it: enter the scope again there. For log lines there are the spans of the crate
//! tracing, with `.instrument(span)`. An argument is simpler than both (`task_local_context`).
//!
//! Python: a `contextvars.ContextVar`, which each task has a copy of
//! Broken: `lost_request_context_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_request_context_fixed
//! requests 1 and 2 wrote: ["request 1: done", "request 2: done"]
//! ```

use std::process::ExitCode;

use tokio::{join, task};

tokio::task_local! {
    static REQUEST: u32;
}

/// Handles a request. Returns what it logs.
pub async fn handle(id: u32) -> String {
    let work = async {
        query().await;
        log_line("done")
    };
    REQUEST.scope(id, work).await // FIXED: for this future
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
