//! Deadlock: a lock of std is held over an `.await`, and the next task blocks the only thread.
//!
//! You see: the program freezes as soon as two tasks want the lock: no error, no CPU time, and
//! not even timers fire.
//! Why: the first task keeps the lock while it waits for its download. The second one calls
//! `lock`, which blocks the thread and not only the task; it is the thread that would go on with
//! the first one. `tokio::spawn` refuses such a future (the guard is not `Send`); `join!`,
//! `spawn_local` and `block_on` take it. The first two stay on one thread, however many there are;
//! between several `block_on` the bad moment is only rarer.
//! Rule: let go of a std lock before the next `.await`.
//!
//! Python: `with threading.Lock():` around an `await`.
//! Caught by: clippy `await_holding_lock`; shuttle (`models/tests/deadlocks_async.rs`).
//! Fixed: `deadlock_guard_across_await_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_guard_across_await_broken
//! ? 1
//! deadlock: one task holds the total and waits for its page; the other blocks the only thread
//! ```

use std::future::Future;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

use tokio::{join, task};

/// Adds to `total` the number of bytes that `download` yields.
#[expect(
    clippy::await_holding_lock,
    reason = "the mistake that this file shows"
)]
pub async fn add_size(total: &Mutex<u64>, download: impl Future<Output = u64>) {
    let mut total = total.lock().unwrap();
    let size = download.await; // BROKEN: the guard is still alive
    *total += size;
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let total = Arc::new(Mutex::new(0));
    let (done, sums) = mpsc::channel();
    let shared = total.clone();
    thread::spawn(move || {
        on_one_thread(&shared);
        done.send(())
    });
    let Err(gave_up) = sums.recv_timeout(Duration::from_millis(300)) else {
        println!("done: {} bytes", total.lock().unwrap());
        return ExitCode::SUCCESS;
    };
    let locked = matches!(total.try_lock(), Err(TryLockError::WouldBlock));
    if gave_up == RecvTimeoutError::Timeout && locked {
        println!(
            "deadlock: one task holds the total and waits for its page; the other blocks the only thread"
        );
    }
    ExitCode::FAILURE
}

#[tokio::main(flavor = "current_thread")]
async fn on_one_thread(total: &Mutex<u64>) {
    add_both(total).await;
}

/// Adds the sizes of two downloads that run at the same time.
pub async fn add_both(total: &Mutex<u64>) {
    join!(add_size(total, page(10)), add_size(total, page(20)));
}

async fn page(size: u64) -> u64 {
    task::yield_now().await; // stands for the network
    size
}
