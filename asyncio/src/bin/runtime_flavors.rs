//! Run the same tasks on three runtimes: tokio on all cores, tokio on one thread, and smol.
//!
//! Use tokio's default if you have no reason for another one: most crates that use the network need
//! tokio. `current_thread` is enough for a small tool or a test, and moves no task between threads.
//! smol is small and made of parts that you can also use alone: `async-executor`, `async-io`,
//! `async-channel`.
//!
//! - Futures made of locks, channels and other futures run on every runtime, and so do smol's
//!   timers and sockets. tokio's panic on smol, unless the crate `async-compat` wraps them.
//! - In tokio, dropping the handle of a task lets the task run on. In smol it cancels the task,
//!   unless you call `detach`.
//! - The times below are those of switching from task to task, in a debug build and without any
//!   input or output. Measure your own load before you choose by speed.
//! - async-std is discontinued, and points to smol.
//!
//! Python: `asyncio.Runner(loop_factory=uvloop.new_event_loop)`; trio is a runtime of another kind
//! Needs: `cargo add smol@2`, `cargo add tokio@1 -F rt-multi-thread`
//!
//! ```console
//! $ cargo run -p asyncio --bin runtime_flavors -F smol
//! runtime                 sum of 1000 tasks  100000 switches
//! tokio, multi_thread                499500  [..] ms
//! tokio, current_thread              499500  [..] ms
//! smol, one thread                   499500  [..] ms
//! ```

use std::io;
use std::time::Instant;

use smol::future::yield_now;
use tokio::runtime::{Builder, Runtime};
use tokio::task::JoinSet;

const TASKS: u64 = 1000;
const SWITCHES: u64 = 100;

fn main() -> io::Result<()> {
    let all_cores = Builder::new_multi_thread().build()?;
    let one_thread = Builder::new_current_thread().build()?;

    println!("runtime                 sum of 1000 tasks  100000 switches");
    measure("tokio, multi_thread", || on_tokio(&all_cores));
    measure("tokio, current_thread", || on_tokio(&one_thread));
    measure("smol, one thread", on_smol);
    Ok(())
}

fn on_tokio(runtime: &Runtime) -> u64 {
    runtime.block_on(async {
        let mut tasks = JoinSet::new();
        for number in 0..TASKS {
            tasks.spawn(work(number));
        }
        let numbers = tasks.join_all().await;
        numbers.into_iter().sum()
    })
}

fn on_smol() -> u64 {
    let executor = smol::Executor::new();
    let sum = async {
        let mut tasks = Vec::new();
        for number in 0..TASKS {
            tasks.push(executor.spawn(work(number)));
        }
        let mut sum = 0;
        for task in tasks {
            sum += task.await;
        }
        sum
    };
    smol::block_on(executor.run(sum))
}

/// Lets the other tasks run, again and again, and returns its number. It knows no runtime.
async fn work(number: u64) -> u64 {
    for _ in 0..SWITCHES {
        yield_now().await;
    }
    number
}

fn measure(runtime: &str, run: impl FnOnce() -> u64) {
    let start = Instant::now();
    let sum = run();
    let millis = start.elapsed().as_millis();
    println!("{runtime:22} {sum:>18}  {millis} ms");
}
