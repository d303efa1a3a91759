//! Start a runtime: `#[tokio::main]` on all cores or on one thread, or `block_on` by hand.
//!
//! Nothing async runs without a runtime, and Rust has none built in. `#[tokio::main]` turns an
//! `async fn` into a plain function that starts a runtime, runs the body in `block_on`, and returns
//! its value. By default tasks run on as many threads as there are cores. With the flavor
//! `current_thread` all of them run on the thread that called, as in asyncio.
//!
//! - Without a runtime, tokio's timers, sockets and `spawn` panic: "there is no reactor running".
//!   To ask a runtime from a thread of your own: `call_async_from_thread`.
//! - Starting a runtime within a runtime panics, because it would block the thread that runs the
//!   tasks. Use `.await`; where you cannot: `deadlock_block_on_in_async`.
//! - When the body returns, the runtime ends. Tasks that still run are canceled at their next
//!   `.await`. Work of `spawn_blocking` (see `to_thread`) is waited for, however long it
//!   takes.
//! - Which flavor to choose: `runtime_flavors`. A `Builder` needs `enable_all` for timers and
//!   sockets.
//!
//! Python: `asyncio.run(main())`; a `Runtime` with more than one `block_on` is `asyncio.Runner`
//! Needs: `cargo add tokio@1 -F macros,rt-multi-thread,time`
//!
//! ```console
//! $ cargo run -p asyncio --bin tokio_main
//! on all cores: 42, MultiThread
//! on one thread: 42, CurrentThread
//! by hand: 42, MultiThread, and once more: 42, MultiThread
//! without a runtime: there is no reactor running, must be called from the context of a Tokio 1.x runtime
//!
//! thread 'main' ([..]) panicked at asyncio/src/bin/tokio_main.rs:[..]
//! Cannot start a runtime from within a runtime. [..]
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! within a runtime: a panic
//! ```

use std::io;
use std::panic::catch_unwind;
use std::time::Duration;

use tokio::runtime::{Handle, Runtime};
use tokio::time::sleep;

fn main() -> io::Result<()> {
    println!("on all cores: {}", on_all_cores());
    println!("on one thread: {}", on_one_thread());

    // What the macro does. One runtime can run one future after the other.
    let runtime = Runtime::new()?;
    let first = runtime.block_on(answer());
    let second = runtime.block_on(answer());
    println!("by hand: {first}, and once more: {second}");

    let error = Handle::try_current().unwrap_err();
    println!("without a runtime: {error}");

    if catch_unwind(within_a_runtime).is_err() {
        println!("within a runtime: a panic");
    }
    Ok(())
}

/// Most programs have this on their `main`.
#[tokio::main]
async fn on_all_cores() -> String {
    answer().await
}

#[tokio::main(flavor = "current_thread")]
async fn on_one_thread() -> String {
    answer().await
}

/// The mistake: an async function calls a plain one that starts a runtime.
#[tokio::main]
async fn within_a_runtime() -> String {
    on_one_thread()
}

async fn answer() -> String {
    sleep(Duration::from_millis(10)).await;
    let flavor = Handle::current().runtime_flavor();
    format!("42, {flavor:?}")
}
