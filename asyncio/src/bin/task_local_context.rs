//! Give a task a value that all its functions can read, such as the id of a request.
//!
//! Use it for what many functions need and nobody wants to pass on as an argument: a request id for
//! the log, a user, a trace. `REQUEST_ID.scope(id, future)` sets the value for that future and for
//! all that it awaits. The value follows its task over each `.await` and from thread to thread.
//!
//! - `tokio::spawn` does not pass the value on to the new task; `spawn_in_request` does. In Python,
//!   a task gets a copy of the context in which it is created.
//! - There is no `set`, only `scope`. Outside of a scope `get` panics, and `try_get` is an error.
//! - Do not use a `thread_local!` for this. At an `.await`, another task takes over the thread:
//!   `lost_request_context`.
//! - For logs, `tracing` has this ready-made: `future.instrument(span)`.
//!
//! Python: `request_id = ContextVar("request_id")`, `request_id.set(1)`, `request_id.get(None)`
//! Needs: `cargo add tokio@1 -F rt`
//! Demo needs: `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/task_local_context.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin task_local_context
//! request 1: awaited Some(1), spawned None, spawned in the request Some(1)
//! request 2: awaited Some(2), spawned None, spawned in the request Some(2)
//! outside of a request: None
//! ```

use tokio::task::{self, JoinHandle};
use tokio::task_local;

task_local! {
    /// The request that the current task works for.
    pub static REQUEST_ID: u32;
}

/// Returns the id of the request that the current task works for, if there is one.
pub fn request_id() -> Option<u32> {
    REQUEST_ID.try_get().ok()
}

/// Spawns a task that works for the same request as the current one.
pub fn spawn_in_request<F>(future: F) -> JoinHandle<F::Output>
where
    F: Future<Output: Send + 'static> + Send + 'static,
{
    match request_id() {
        Some(id) => task::spawn(REQUEST_ID.scope(id, future)),
        None => task::spawn(future),
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use tokio::task::JoinError;

#[tokio::main]
async fn main() -> Result<(), JoinError> {
    let first = task::spawn(REQUEST_ID.scope(1, handle_request()));
    let second = task::spawn(REQUEST_ID.scope(2, handle_request()));
    println!("request 1: {}", first.await??);
    println!("request 2: {}", second.await??);
    println!("outside of a request: {:?}", request_id());
    Ok(())
}

/// Asks for the request id in three ways.
async fn handle_request() -> Result<String, JoinError> {
    task::yield_now().await; // other tasks run, and this one may go on on another thread
    let awaited = query().await;
    let spawned = task::spawn(query()).await?;
    let in_request = spawn_in_request(query()).await?;
    let report =
        format!("awaited {awaited:?}, spawned {spawned:?}, spawned in the request {in_request:?}");
    Ok(report)
}

/// Stands for code deep inside that needs the request id.
async fn query() -> Option<u32> {
    request_id()
}
