//! Make many blocking calls at once, on N threads: results as they end, or in the order asked.
//!
//! Use it in async code for a library that blocks: a database driver, an SDK, the file system. Each
//! call runs on a thread of tokio's pool, by `spawn_blocking`. `buffer_unordered(n)` keeps n calls
//! going and yields each result as soon as it is there; `buffered(n)` keeps the order of the items.
//! A call that fails or panics is a result like any other: the others go on.
//!
//! - The list may be endless: calls start only while results are taken. Drop the stream, and no
//!   further call is made. Those that run cannot be stopped, and the runtime waits for them at its
//!   end, so give each call a timeout of its own.
//! - How many at once? As many as the other side takes, 5 or 50. It has little to do with cores,
//!   since a thread that waits needs none. Above 512, raise tokio's `max_blocking_threads` too.
//! - In order, while one call is slow, at most n - 1 calls behind it are made.
//! - Without async: `thread_pool_map`. Calls that do not block: `fanout`. Computing: `rayon_map`.
//!
//! Python: `ThreadPoolExecutor(5)` with `as_completed(futures)`; in order, `executor.map`
//! Needs: `cargo add anyhow@1 futures@0.3`, `cargo add tokio@1 -F rt`,
//! `cargo add tokio-util@0.7 -F rt`
//! Demo needs: `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/blocking_calls_thread_pool.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin blocking_calls_thread_pool
//! as they end: 9 ok, 1 failed
//! in order:
//! 1: customer number 1
//! 2: customer number 2
//! 3: customer number 3
//! 4: customer number 4
//! 5: customer number 5
//! 6: customer number 6
//! 7: error: no such customer
//! 8: customer number 8
//! 9: customer number 9
//! 10: customer number 10
//! ```

use std::sync::Arc;

use anyhow::Result;
use futures::{Stream, StreamExt, stream};
use tokio::task::spawn_blocking;
use tokio_util::task::AbortOnDropHandle;

/// Returns a stream of calls of `call`, one for each item. Each call starts on a thread of its own
/// when it is taken from the stream, and yields the item with its result. A panic is an error.
///
/// `calls(..).buffer_unordered(n)` makes n calls at a time, and yields results as they end.
/// `calls(..).buffered(n)` yields them in the order of the items. Both wait forever if n is 0.
pub fn calls<T, R>(
    items: impl IntoIterator<Item = T>,
    call: impl Fn(T) -> Result<R> + Send + Sync + 'static,
) -> impl Stream<Item = impl Future<Output = (T, Result<R>)>>
where
    T: Clone + Send + 'static,
    R: Send + 'static,
{
    let call = Arc::new(call);
    stream::iter(items).map(move |item| {
        let call = call.clone();
        let argument = item.clone();
        let running = spawn_blocking(move || call(argument));
        // Dropped while it still waits for a thread, the call is not made.
        let running = AbortOnDropHandle::new(running);
        async move {
            match running.await {
                Ok(result) => (item, result),
                Err(panic) => (item, Err(panic.into())),
            }
        }
    })
}

// ---- Demo ----------------------------------------------------------------------------------

use std::pin::pin;
use std::thread;
use std::time::Duration;

#[tokio::main]
async fn main() {
    let customers = 1..=10;

    let mut ok = 0;
    let mut failed = 0;
    let mut results = pin!(calls(customers.clone(), look_up).buffer_unordered(5));
    while let Some((_, result)) = results.next().await {
        match result {
            Ok(_) => ok += 1,
            Err(_) => failed += 1,
        }
    }
    println!("as they end: {ok} ok, {failed} failed");

    println!("in order:");
    let mut results = pin!(calls(customers, look_up).buffered(5));
    while let Some((customer, result)) = results.next().await {
        match result {
            Ok(name) => println!("{customer}: {name}"),
            Err(error) => println!("{customer}: error: {error}"),
        }
    }
}

/// Stands for a call that blocks, of a database driver for example.
fn look_up(customer: u32) -> Result<String> {
    thread::sleep(Duration::from_millis(20));
    anyhow::ensure!(customer != 7, "no such customer");
    Ok(format!("customer number {customer}"))
}
