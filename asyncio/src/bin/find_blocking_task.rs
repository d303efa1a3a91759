//! Find the task that holds up all the others: measure how long each of its polls takes.
//!
//! Use it when timers fire late and requests stall although the machine is idle. A task should
//! await often: from one `.await` to the next, its thread runs nothing else. `report_slow_polls`
//! goes around the future of a task and calls `report` after each poll that took too long.
//! Asyncio's debug mode does the same.
//!
//! - It reports when the poll is over. For a task that never returns, look at the stacks:
//!   `gdb -p PID -batch -ex 'thread apply all backtrace'`.
//! - A busy machine makes polls slow as well. Suspect the task that is reported again and again.
//! - To count slow polls of many tasks: the crate `tokio-metrics`. Task dumps and tokio-console
//!   show more, and need `--cfg tokio_unstable`: see the README of this package.
//! - What to do about it: `to_thread`, `cpu_offload_rayon`, `starvation_greedy_loop`.
//!
//! Python: `asyncio.run(main(), debug=True)`, `loop.slow_callback_duration`
//! Needs: nothing
//! Demo needs: `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/find_blocking_task.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin find_blocking_task
//! resize held its thread for [..] ms
//! both tasks have ended
//! ```

use std::future::poll_fn;
use std::pin::pin;
use std::time::{Duration, Instant};

/// Runs `future`. After each poll that took longer than `limit`, calls `report` with `name` and the
/// time that it took.
pub async fn report_slow_polls<F: Future>(
    name: &str,
    future: F,
    limit: Duration,
    report: impl Fn(&str, Duration),
) -> F::Output {
    let mut future = pin!(future);
    poll_fn(|context| {
        let start = Instant::now();
        let poll = future.as_mut().poll(context);
        let took = start.elapsed();
        if took > limit {
            report(name, took);
        }
        poll
    })
    .await
}

// ---- Demo ----------------------------------------------------------------------------------

use std::thread;

use tokio::task::{self, JoinError};
use tokio::time::sleep;

const LIMIT: Duration = Duration::from_millis(100);

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), JoinError> {
    let download = report_slow_polls("download", download(), LIMIT, print_slow_poll);
    let resize = report_slow_polls("resize", resize(), LIMIT, print_slow_poll);

    let download = task::spawn(download);
    let resize = task::spawn(resize);
    download.await?;
    resize.await?;
    println!("both tasks have ended");
    Ok(())
}

fn print_slow_poll(name: &str, took: Duration) {
    println!("{name} held its thread for {} ms", took.as_millis());
}

async fn download() {
    sleep(Duration::from_millis(300)).await;
}

async fn resize() {
    thread::sleep(Duration::from_millis(300)); // the mistake: no other task runs
}
