//! Refused: a spawned task borrows a local variable.
//!
//! A spawned task may still run when the function that started it is gone. The compiler asks for a
//! future that owns all it uses.
//!
//! Python: `asyncio.create_task(save(rows))`, then `rows.clear()`; the task starts later and saves
//! nothing.
//! Error: ``error[E0373]: async block may outlive the current function, but it borrows `rows`,
//! which is owned by the current function``
//! Instead: `tokio::spawn(async move { .. })`; with a `clone()` or an `Arc` where `main` goes on
//! with the data; or `join!` without a spawn, which may borrow: see `gather_join`.
//! Needs: `cargo add tokio@1 -F full`

#[tokio::main]
async fn main() {
    let rows = vec!["ada", "grace"];
    let task = tokio::spawn(async { println!("save {rows:?}") }); // REFUSED: E0373
    println!("saving {} rows", rows.len());
    task.await.unwrap();
}
