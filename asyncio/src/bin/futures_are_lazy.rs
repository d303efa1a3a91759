//! See what runs when: calling an `async fn` runs nothing, `.await` runs it here, `spawn` later.
//!
//! Calling an `async fn` returns a future: a value that holds the arguments and has run nothing
//! yet. It runs only while somebody polls it, and only up to the next place where it has to wait.
//! `.await` polls it as a part of the task that awaits. `spawn` makes it a task of its own, which
//! the runtime polls.
//!
//! - A future that nobody awaits does nothing. The compiler warns, unless the future is in a
//!   variable: `noop_future_never_polled`.
//! - Awaiting a future that never has to wait lets no other task run. `yield_now` does.
//! - A spawned task runs whether or not it is awaited. Dropping its `JoinHandle` does not stop it.
//! - tokio promises no order between tasks. On one thread they run first in, first out.
//!
//! Python: `await f()` runs `f` here too, and `asyncio.create_task(f())` is `spawn(f())`
//! Needs: `cargo add tokio@1 -F macros,rt`
//!
//! ```console
//! $ cargo run -p asyncio --bin futures_are_lazy
//! called: nothing has run
//! double begins
//! first poll: Pending
//! double goes on
//! second poll: Ready(42)
//! await: a a a b
//! await with yield_now: a b a a
//! spawn: b a a a
//! ```

use std::pin::pin;
use std::task::{Context, Waker};

use tokio::spawn;
use tokio::task::{JoinError, yield_now};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), JoinError> {
    let mut future = pin!(double(21));
    println!("called: nothing has run");

    // A runtime does this, with a waker by which the future says that it can go on.
    let mut context = Context::from_waker(Waker::noop());
    let outcome = future.as_mut().poll(&mut context);
    println!("first poll: {outcome:?}");
    let outcome = future.as_mut().poll(&mut context);
    println!("second poll: {outcome:?}");

    print!("await:");
    let b = spawn(say("b"));
    for _ in 0..3 {
        say("a").await;
    }
    b.await?;

    print!("\nawait with yield_now:");
    let b = spawn(say("b"));
    for _ in 0..3 {
        say("a").await;
        yield_now().await;
    }
    b.await?;

    print!("\nspawn:");
    let b = spawn(say("b"));
    for _ in 0..3 {
        spawn(say("a")).await?;
    }
    b.await?;
    println!();
    Ok(())
}

async fn double(number: u32) -> u32 {
    println!("double begins");
    yield_now().await; // pending once
    println!("double goes on");
    number * 2
}

async fn say(name: &str) {
    print!(" {name}");
}
