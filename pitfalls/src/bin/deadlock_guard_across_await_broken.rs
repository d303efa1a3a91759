//! Deadlock: a std lock is held across an `.await`, and the next task blocks the only thread.
//!
//! You see: the program freezes as soon as two tasks use the lock. There is no error and no CPU
//! time, and not even timers fire.
//! Why: the first task holds the lock while it waits for its download. The second one calls `lock`,
//! which blocks the thread that would have to go on with the first. `tokio::spawn` refuses such a
//! future ("future cannot be sent between threads safely": the guard is not `Send`), but `join!`,
//! `spawn_local` and `block_on` accept it.
//! Rule: release a std lock before the next `.await`.
//!
//! Python: `with threading.Lock():` around an `await`
//! Caught by: clippy `await_holding_lock`; shuttle (`models/tests/deadlocks_async.rs`)
//! Fixed: `deadlock_guard_across_await_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_guard_across_await_broken
//! ? 1
//! both downloads within 300ms: Err(Timeout)
//! the total: Mutex { data: "<locked>", poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tokio::{join, task};

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Adds the size of a download to `total`, in bytes.
#[expect(
    clippy::await_holding_lock,
    reason = "the mistake that this file shows"
)]
pub async fn add_size(total: &Mutex<u64>, download: impl Future<Output = u64>) {
    let mut total = total.lock().unwrap();
    let size = download.await; // BROKEN: the lock is held meanwhile
    *total += size;
}

/// Adds the sizes of two downloads that run at the same time.
pub async fn add_both(total: &Mutex<u64>) {
    join!(add_size(total, download(10)), add_size(total, download(20)));
}

async fn download(size: u64) -> u64 {
    task::yield_now().await; // stands for the network
    size
}

#[tokio::main(flavor = "current_thread")]
async fn add_both_on_one_thread(total: &Mutex<u64>) {
    add_both(total).await;
}

fn main() -> ExitCode {
    let total = Arc::new(Mutex::new(0));
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&total);
    thread::spawn(move || {
        add_both_on_one_thread(&shared);
        sender.send(()).unwrap();
    });

    let ended = receiver.recv_timeout(LIMIT);
    println!("both downloads within {LIMIT:?}: {ended:?}");
    println!("the total: {total:?}");
    if ended.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
