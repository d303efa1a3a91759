//! Refused: a spawned task keeps an `Rc` across an `.await`.
//!
//! At an `.await` the task may move to another thread, with the `Rc` inside, while a clone stays
//! behind: a plain count, changed from two threads. `Rc` is not `Send`, so the future is not.
//!
//! Python: asyncio has one thread, and so no such question; and one core, however many tasks.
//! Error: `error: future cannot be sent between threads safely`
//! Instead: `Arc`; or tasks that stay on one thread, `LocalSet` and `spawn_local`.
//! Needs: `cargo add tokio@1 -F full`

use std::rc::Rc;

async fn greet() {
    let name = Rc::new("ada");
    tokio::task::yield_now().await; // the `Rc` is alive here
    println!("hello {name}");
}

#[tokio::main]
async fn main() {
    let task = tokio::spawn(greet()); // REFUSED: future cannot be sent between threads safely
    task.await.unwrap();
}
