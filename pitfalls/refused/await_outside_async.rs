//! Refused: `.await` in a function that is not `async`.
//!
//! To await is to hand the thread back until the result is there, and only an `async fn` can be
//! left half-way and resumed.
//!
//! Python: `await` in a plain `def` is a `SyntaxError` as well. The way out that people try then,
//! `asyncio.run(load())`, raises a `RuntimeError` when the caller runs in an event loop.
//! Error: ``error[E0728]: `await` is only allowed inside `async` functions and blocks``
//! Instead: `async fn report()`, up to `#[tokio::main]`; from a thread of its own
//! `handle.block_on(load())`.
//! Needs: nothing

async fn load() -> u32 {
    42
}

fn report() {
    println!("{}", load().await); // REFUSED: E0728
}

fn main() {
    report();
}
