//! Shut down at SIGTERM or Ctrl-C: finish what is in progress, and exit with 0.
//!
//! Use it in every service. SIGTERM is what systemd, Docker and Kubernetes send to stop it. The
//! first signal cancels a token, which all tasks watch: they take no new work, finish what they
//! have in hand, and end. A second signal ends the process at once.
//!
//! - Without a handler both signals end the process on the spot, whatever it is doing.
//! - Whoever sends SIGTERM does not wait forever: SIGKILL follows, by default after 90 seconds with
//!   systemd, 30 with Kubernetes and 10 with Docker. End sooner than that. To enforce a deadline:
//!   `graceful_shutdown`.
//! - In a container, start the program itself or `exec` it. A shell in front of it does not
//!   pass SIGTERM on.
//! - A runtime whose threads are all blocked sees no signal, neither the first nor the second.
//! - The handlers stay for the rest of the process. If nobody listens any more, the signals do
//!   nothing: `noop_ctrl_c_once`.
//! - A task that waits for work must also wait for `stop.cancelled()`: `select_loop`.
//! - The command below sends SIGTERM after the first line.
//! - On Windows: `tokio::signal::ctrl_c`. With threads: `ctrl_c_threads`.
//!
//! Python: `loop.add_signal_handler(signal.SIGTERM, stop.set)`, with an `asyncio.Event`
//! Needs: `cargo add tokio@1 -F macros,rt,signal`, `cargo add tokio-util@0.7`
//! Demo needs: `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//! Tested: `asyncio/tests/proof/signal_shutdown.rs`
//!
//! ```console
//! $ (sh -c 'echo $$; exec "$@"' - cargo run -p asyncio --bin signal_shutdown ; echo "exit $?") | \
//!   (read pid; read line; echo "$line"; kill -TERM $pid; cat)
//! 5 workers, stop them with SIGTERM or Ctrl-C
//! drained: 5
//! exit 0
//! ```

use std::{io, process};

use tokio::select;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Returns a token that the first SIGTERM or Ctrl-C cancels. The second one ends the process at
/// once, with the status that a shell would show: 143 or 130. Signals that follow each other
/// closely may count as one.
///
/// Call it first in `main`: a signal that comes earlier ends the process.
///
/// # Errors
/// If the system refuses the handlers.
///
/// # Panics
/// Outside of a tokio runtime.
pub fn stop_on_signal() -> io::Result<CancellationToken> {
    // Here and not in the task: until the handlers are there, a signal ends the process.
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    let stop = CancellationToken::new();
    let token = stop.clone();
    // Nobody joins this task: it listens as long as the process lives.
    tokio::spawn(async move {
        next_signal(&mut terminate, &mut interrupt).await;
        stop.cancel();
        let kind = next_signal(&mut terminate, &mut interrupt).await;
        process::exit(128 + kind.as_raw_value());
    });
    Ok(token)
}

async fn next_signal(terminate: &mut Signal, interrupt: &mut Signal) -> SignalKind {
    // Cancel safe: a signal that comes while nobody waits is kept for the next `recv`.
    select! {
        _ = terminate.recv() => SignalKind::terminate(),
        _ = interrupt.recv() => SignalKind::interrupt(),
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use tokio::task::JoinSet;
use tokio::time::sleep;

#[tokio::main]
async fn main() -> io::Result<()> {
    let stop = stop_on_signal()?;
    let mut workers = JoinSet::new();
    for _ in 0..5 {
        workers.spawn(work(stop.clone()));
    }
    println!("5 workers, stop them with SIGTERM or Ctrl-C");

    let drained = workers.join_all().await;
    println!("drained: {}", drained.len());
    Ok(())
}

/// Handles one request after the other until `stop` is canceled. The last one is finished.
async fn work(stop: CancellationToken) {
    while !stop.is_cancelled() {
        handle_request().await;
    }
}

/// Stands for a request that must not be cut off in the middle.
async fn handle_request() {
    sleep(Duration::from_millis(100)).await;
}
