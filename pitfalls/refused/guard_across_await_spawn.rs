//! Refused: a spawned task holds a std lock across an `.await`.
//!
//! At an `.await` the task may move to another thread, and std's guard must not. It would also
//! block each thread of the runtime whose task wants the lock, until all of them wait.
//!
//! Python: `with threading_lock: await save(total)`; the next task that wants the lock blocks the
//! event loop, and the holder never gets to release it.
//! Error: `error: future cannot be sent between threads safely`
//! Instead: a guard that ends before the `.await`: `*total.lock().unwrap() += 1;` and then wait; or
//! `tokio::sync::Mutex`, where the wait belongs under the lock. Where the task
//! stays on one thread it compiles, and hangs: `deadlock_guard_across_await_broken`.
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
