//! Fixed: the download is awaited first, and the std lock is held for one addition only.
//!
//! A guard that does not live across an `.await` is released before another task can run on this
//! thread, so no task of this thread ever waits for it. Where a value must stay locked across an
//! `.await`, use `tokio::sync::Mutex`: its `lock` makes the task wait and not the thread, and it
//! costs more.
//!
//! Python: `size = await download`, then `with lock: total += size`
//! Broken: `deadlock_guard_across_await_broken`
//! Needs: `cargo add tokio@1 -F full`
//! Tested: `models/tests/deadlocks_async.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_guard_across_await_fixed
//! both downloads within 10s: Ok(())
//! the total: Mutex { data: 30, poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use tokio::{join, task};

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Adds the size of a download to `total`, in bytes.
pub async fn add_size(total: &Mutex<u64>, download: impl Future<Output = u64>) {
    let size = download.await; // FIXED: no lock is held meanwhile
    let mut total = total.lock().unwrap();
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
