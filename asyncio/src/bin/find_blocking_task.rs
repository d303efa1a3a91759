//! Find the task that holds up all the others: measure how long each of its polls takes.
//!
//! Use it when timers fire late and requests stall although the machine is idle. From one `.await`
//! to the next, a task has its thread for itself; the runtime calls this a poll. Put
//! `report_slow_polls` around the future of each task that you suspect, and it names the tasks
//! whose polls take too long.
//!
//! - It reports when the poll is over. If a task never gives its thread back, look at the stacks:
//!   `gdb -p PID -batch -ex 'thread apply all backtrace'`.
//! - On a busy machine any poll may take long now and then. Suspect the task that is named often.
//! - The crate `tokio-metrics` counts slow polls for a dashboard. Task dumps and tokio-console show
//!   more, but need `--cfg tokio_unstable`: see the README of this package.
//! - Move what blocks to a thread (`to_thread`, `cpu_offload_rayon`), or pause now and then
//!   (`starvation_greedy_loop`).
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
