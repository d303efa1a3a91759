//! Compute on rayon's threads from async code, and await the result.
//!
//! Use it for work that keeps a core busy for more than about 100 microseconds: parse, compress,
//! resize, hash. Done in a task, it stops all tasks that share its thread. `compute` gives the job
//! to rayon, which has one thread for each core, and awaits a `oneshot` channel. Inside the job,
//! `par_iter` uses all cores.
//!
//! - Dropping the future cancels a job that has not begun. One that has begun runs to its end.
//! - A panic of the job is returned as an error. Without `catch_unwind`, rayon would abort the
//!   process.
//! - Rayon's queue has no bound. To have a limited number of jobs in it: `async_semaphore`.
//! - A job that waits takes a core from all others (`slow_blocking_in_rayon`). For blocking calls:
//!   `to_thread`.
//!
//! Python: `await loop.run_in_executor(ProcessPoolExecutor(), f)`
//! Needs: `cargo add rayon@1`, `cargo add tokio@1 -F sync`
//! Demo needs: `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/cpu_offload_rayon.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin cpu_offload_rayon
//! primes below 20000: 2262
//! heartbeats of another task during the job: 10
//!
//! thread '<unnamed>' ([..]) panicked at asyncio/src/bin/cpu_offload_rayon.rs:[..]
//! no such image
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! the job panicked: Some("no such image")
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::thread;

use tokio::sync::oneshot;

/// Runs `job` on a thread of rayon, and waits for its result without blocking this thread.
///
/// # Errors
/// The panic of `job`.
pub async fn compute<T: Send + 'static>(
    job: impl FnOnce() -> T + Send + 'static,
) -> thread::Result<T> {
    let (sender, result) = oneshot::channel();
    rayon::spawn(move || {
        if sender.is_closed() {
            return; // nobody waits for the result any more
        }
        let outcome = catch_unwind(AssertUnwindSafe(job));
        let _ = sender.send(outcome); // an error: nobody waits any more
    });
    result.await.expect("the job sends its outcome")
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rayon::prelude::*;
use tokio::time::sleep;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let primes = compute(|| count_primes(20_000)).await.unwrap();
    println!("primes below 20000: {primes}");

    let (sender, heartbeats) = sync_channel(10);
    let other_task = tokio::spawn(send_heartbeats(sender));
    let job = move || count_to_ten(heartbeats);
    let count = compute(job).await.unwrap();
    println!("heartbeats of another task during the job: {count}");
    other_task.abort();

    match compute(|| panic!("no such image")).await {
        Ok(()) => println!("the job returned"),
        Err(panic) => println!("the job panicked: {:?}", panic.downcast_ref::<&str>()),
    }
}

/// Sends a heartbeat every millisecond, as long as this task gets to run.
async fn send_heartbeats(sender: SyncSender<()>) {
    loop {
        sleep(Duration::from_millis(1)).await;
        let _ = sender.try_send(()); // an error: the last ones have not been counted yet
    }
}

/// Computes until 10 heartbeats have come. Gives up after 10 seconds.
fn count_to_ten(heartbeats: Receiver<()>) -> usize {
    let start = Instant::now();
    let mut count = 0;
    while count < 10 && start.elapsed() < Duration::from_secs(10) {
        count_primes(1000);
        if heartbeats.try_recv().is_ok() {
            count += 1;
        }
    }
    count
}

fn count_primes(limit: u32) -> usize {
    let numbers = (2..limit).into_par_iter();
    numbers.filter(|n| is_prime(*n)).count()
}

fn is_prime(n: u32) -> bool {
    let mut divisors = (2..n).take_while(|d| d * d <= n);
    !divisors.any(|divisor| n.is_multiple_of(divisor))
}
