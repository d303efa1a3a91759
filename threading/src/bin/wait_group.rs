//! Wait until several jobs have all ended, without a handle to any of them: a `WaitGroup`.
//!
//! Use it where somebody else starts the threads and gives you no handle: a pool, or a library that
//! calls you back. Each job owns a clone of the group. `wait` blocks until all clones are dropped,
//! which happens at the end of a job even if it panics.
//!
//! - Clone the group before you start the job. A clone made inside the job may come too late:
//!   `wait` may have returned by then.
//! - The job must own its clone. A closure owns only what it mentions, hence the `drop` at its end.
//! - Ended does not mean succeeded. A job that panicked or was thrown away has ended as well, so
//!   count the results.
//! - `wait` has no timeout, and a clone that is kept somewhere makes it wait forever. For results
//!   or a timeout, give each job a clone of a channel's sender and drop your own: `recv_timeout`
//!   fails with `Disconnected` when all have ended.
//! - If you start the threads yourself, use `thread::scope` (`scoped_threads`).
//!
//! Python: `queue.task_done()` in each job, and `queue.join()`
//! Needs: `cargo add crossbeam@0.8`
//!
//! ```console
//! $ cargo run -p threading --bin wait_group
//! 8 downloads have ended: 8 pages
//! ```

use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use crossbeam::sync::WaitGroup;

fn main() {
    let downloads = WaitGroup::new();
    let pages = Arc::new(Mutex::new(Vec::new()));

    for number in 1..=8 {
        let download = downloads.clone(); // before the start, or `wait` could miss it
        let pages = Arc::clone(&pages);
        start_download(number, move |page| {
            pages.lock().unwrap().push(page);
            drop(download); // this one has ended; without this line the closure does not own it
        });
    }
    downloads.wait();

    let pages = pages.lock().unwrap();
    println!("8 downloads have ended: {} pages", pages.len());
}

/// Stands for a library: it calls back from a thread of its own, and returns no handle.
fn start_download(number: u64, callback: impl FnOnce(String) + Send + 'static) {
    thread::spawn(move || {
        thread::sleep(Duration::from_millis(10 * number));
        callback(format!("page {number}"));
    });
}
