//! Write many small items in few batches: when a batch is full, or its first item has waited.
//!
//! Use it where a write costs more than what is in it: rows of a database, metrics, uploads. Tasks
//! send items into a bounded channel, and one task writes them. It takes what is there, waits for
//! more for at most `max_wait`, and writes at most `size` items at once. When the writes are slow,
//! the channel fills up and `send` waits.
//!
//! - At the end drop the senders and await the writer: it writes what is left, then returns. A
//!   writer that is aborted, or still works when `main` returns, loses what it has taken.
//! - The first write that fails ends the writer, and `send` fails from then on. Items that were
//!   sent and not written are lost. So retry inside `write`, with the crate `backon` for example.
//! - To write rows, make `write` a transaction with an `INSERT` for each: `sqlite_threads`,
//!   `db_queries`.
//! - For a stream instead of a channel: `chunks_timeout` in the crate `tokio-stream`.
//! - For a log, line by line: `background_writer`.
//!
//! Python: a thread with `queue.get(timeout=...)` and `executemany`
//! Needs: `cargo add tokio@1 -F sync,time`
//! Demo needs: `cargo add tokio@1 -F full,test-util`
//! Tested: `recipes/tests/proof/batch_writer.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin batch_writer
//! after 0.0 s: 100 rows in one write
//! after 0.0 s: 100 rows in one write
//! after 1.0 s: 50 rows in one write
//! after 7.0 s: 1 row in one write
//! after 7.5 s: 3 rows in one write
//! ```

use std::mem;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::timeout;

/// Calls `write` with 1 to `size` items at a time: as soon as there are `size`, or `max_wait`
/// after the first of them was taken. Returns when all senders are dropped and everything is
/// written.
///
/// # Errors
/// The first error of `write`. Its items, and those still in the channel, are lost.
///
/// # Panics
/// If `size` is 0.
pub async fn write_batches<T, E, F>(
    mut items: mpsc::Receiver<T>,
    size: usize,
    max_wait: Duration,
    mut write: impl FnMut(Vec<T>) -> F,
) -> Result<(), E>
where
    F: Future<Output = Result<(), E>>,
{
    assert!(size > 0, "a batch of 0 would never be full");
    let mut batch = Vec::new();
    while let Some(first) = items.recv().await {
        batch.push(first);
        let fill = async {
            while batch.len() < size {
                let free = size - batch.len();
                let received = items.recv_many(&mut batch, free).await;
                if received == 0 {
                    break; // all senders are dropped
                }
            }
        };
        let _ = timeout(max_wait, fill).await; // an error: the first item has waited long enough
        write(mem::take(&mut batch)).await?;
    }
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::convert::Infallible;

use tokio::time::{Instant, sleep};

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    let (rows, queue) = mpsc::channel(1000);
    let start = Instant::now();
    let insert = move |rows: Vec<u32>| async move {
        let seconds = start.elapsed().as_secs_f64();
        let s = if rows.len() == 1 { "" } else { "s" };
        println!("after {seconds:.1} s: {} row{s} in one write", rows.len());
        Ok::<(), Infallible>(())
    };
    let writer = tokio::spawn(write_batches(queue, 100, Duration::from_secs(1), insert));

    for row in 0..250 {
        rows.send(row).await.expect("the writer runs");
    }
    sleep(Duration::from_secs(6)).await;
    rows.send(250).await.expect("the writer runs");
    sleep(Duration::from_millis(1500)).await;
    for row in 251..254 {
        rows.send(row).await.expect("the writer runs");
    }
    drop(rows);
    let Ok(()) = writer.await.expect("no panic");
}
