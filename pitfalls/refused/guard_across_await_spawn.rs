//! Refused: a spawned task holds a std lock across an `.await`.
//!
//! At an `.await` the task may move to another thread, and std's guard must not. It would also block
//! every thread of the runtime whose task needs the lock, until all of them wait. In an axum handler
//! the same mistake says ``the trait bound `fn(..) -> ..: Handler<_, _>` is not satisfied``.
//!
//! Python: `with threading_lock: await save(total)`; the next task that needs the lock blocks the
//! event loop, and the holder never gets to release it
//! Error: `error: future cannot be sent between threads safely`
//! Instead: let the guard end before the `.await`: `*total.lock().unwrap() += 1;`, and then wait. Use
//! `tokio::sync::Mutex` if the wait belongs under the lock. With `spawn_local`, or
//! in a `join!`, the same code compiles, and hangs: `deadlock_guard_across_await`
//! Needs: `cargo add tokio@1 -F full`

use std::sync::{Arc, Mutex};

async fn add(total: Arc<Mutex<u32>>) {
    let mut total = total.lock().unwrap();
    tokio::task::yield_now().await; // the guard is alive here
    *total += 1;
}

#[tokio::main]
async fn main() {
    let total = Arc::default();
    let task = tokio::spawn(add(total)); // REFUSED: future cannot be sent between threads safely
    task.await.unwrap();
}
