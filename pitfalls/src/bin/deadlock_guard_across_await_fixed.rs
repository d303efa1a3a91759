//! Fixed: the download is awaited first; the lock of std is held for one addition.
//!
//! A guard that never lives through an `.await` is let go before another task can run on this
//! thread, so nobody here waits for it. Where a value must stay locked over an `.await`, use
//! `tokio::sync::Mutex`: it makes the task wait and not the thread, and each `lock` costs more.
//!
//! Python: `size = await download`, then `with lock: total += size`.
//! Broken: `deadlock_guard_across_await_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_guard_across_await_fixed
//! done: 30 bytes
//! ```

use std::future::Future;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

use tokio::{join, task};

/// Adds to `total` the number of bytes that `download` yields.
pub async fn add_size(total: &Mutex<u64>, download: impl Future<Output = u64>) {
    let size = download.await; // FIXED: nothing is locked while it waits
    *total.lock().unwrap() += size;
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
    let Err(gave_up) = sums.recv_timeout(Duration::from_secs(10)) else {
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
