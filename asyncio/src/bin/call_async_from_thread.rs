//! Call async code from a thread that is not the runtime's: wait for a future, start a task, send.
//!
//! Use it where a thread of your own, a callback of a C library or a GUI needs something that is
//! async. Get a `Handle` where the runtime is, and move it to the thread. `Handle::block_on` runs a
//! future and blocks the thread until it ends, `Handle::spawn` starts a task, and tokio's `mpsc`
//! channel has `blocking_send` and `blocking_recv`.
//!
//! - "there is no reactor running, must be called from the context of a Tokio 1.x runtime": the
//!   panic of a timer, a socket or `tokio::spawn` on a thread outside of the runtime.
//! - `block_on(sleep(SECOND))` panics in the same way, since `sleep` is called before `block_on`.
//!   Write `block_on(async { sleep(SECOND).await })`, or put `let _guard = runtime.enter();` first.
//! - In async code `block_on`, `blocking_send` and `blocking_recv` panic
//!   (`deadlock_block_on_in_async`): use `.await`.
//! - A `current_thread` runtime works only while a thread is in its `Runtime::block_on`, as
//!   `#[tokio::main]` is until `main` returns. That thread must await, not block. Otherwise no
//!   timer and no socket wakes the future, and the timeout never comes.
//! - Join the thread before the runtime ends. Timers of a runtime that is gone panic.
//!
//! Python: `asyncio.run_coroutine_threadsafe(f(), loop).result(1)`, `loop.call_soon_threadsafe(g)`
//! Needs: `cargo add tokio@1 -F rt,time`
//! Demo needs: `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/call_async_from_thread.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin call_async_from_thread
//! the thread waited for a future: Ok("the news")
//! the thread started a task: Ok("the mail")
//! main received: a message from the thread
//! ```

use std::time::Duration;

use tokio::runtime::Handle;
use tokio::time::error::Elapsed;
use tokio::time::timeout;

/// Runs `future` on this thread, with the runtime's timers and sockets, and blocks until it ends.
/// After `limit` the future is dropped, which cancels it.
///
/// # Errors
/// If the future takes longer than `limit`.
///
/// # Panics
/// With the panic of the future, or if this thread runs async code.
pub fn block_on_timeout<F: Future>(
    runtime: &Handle,
    limit: Duration,
    future: F,
) -> Result<F::Output, Elapsed> {
    // The block makes the timer inside of the runtime. `block_on(timeout(..))` would panic.
    runtime.block_on(async { timeout(limit, future).await })
}

// ---- Demo ----------------------------------------------------------------------------------

use std::thread;

use tokio::sync::mpsc;
use tokio::time::sleep;

const MINUTE: Duration = Duration::from_secs(60);

#[tokio::main]
async fn main() {
    let runtime = Handle::current();
    let (sender, mut messages) = mpsc::channel(4);
    let thread = thread::spawn(move || work(&runtime, sender));

    while let Some(message) = messages.recv().await {
        println!("main received: {message}");
    }
    // The thread has dropped its sender, so it is about to end, and `join` blocks only briefly.
    thread.join().expect("the thread does not panic");
}

/// Runs on a thread that tokio knows nothing of.
fn work(runtime: &Handle, sender: mpsc::Sender<&'static str>) {
    let news = block_on_timeout(runtime, MINUTE, fetch("the news"));
    println!("the thread waited for a future: {news:?}");

    let task = runtime.spawn(fetch("the mail"));
    // The task runs now, and the thread could do something else.
    let mail = runtime.block_on(task);
    println!("the thread started a task: {mail:?}");

    let sent = sender.blocking_send("a message from the thread");
    sent.expect("main receives until the sender is dropped");
}

/// Stands for a request.
async fn fetch(what: &'static str) -> &'static str {
    sleep(Duration::from_millis(10)).await;
    what
}
