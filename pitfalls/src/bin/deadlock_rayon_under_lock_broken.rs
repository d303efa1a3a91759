//! Deadlock: a rayon worker waits in rayon with a lock held, and runs a job that needs the lock.
//!
//! You see: now and then, under load, the program hangs in a `par_iter`, `join`, `scope` or
//! `install` that is called with a `Mutex` locked. The same thread holds the lock and waits for it.
//! Why: a rayon worker that waits does not sleep. It runs another job on the same stack, and that
//! job needs the lock that the interrupted one holds.
//! Rule: hold no lock across a call into rayon.
//!
//! Python: a `threading.Lock` held across an `await`, in a loop that runs another task meanwhile
//! Caught by: no lint; parking_lot's `deadlock_detection`
//! Fixed: `deadlock_rayon_under_lock_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_rayon_under_lock_broken
//! ? 1
//! 2 files within 300ms: Err(Timeout)
//! the total: Mutex { data: "<locked>", poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rayon::prelude::*;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Adds the number of words in all `files` to `total`.
pub fn add_words(total: &Mutex<usize>, files: &[&str]) {
    files.par_iter().for_each(|file| {
        let mut total = total.lock().unwrap();
        // only for the demo: runs another job, as a worker may do while it waits in `count_words`
        rayon::yield_now();
        *total += count_words(file); // BROKEN: waits in rayon with the lock held
    });
}

/// Counts the words of one file, several parts of it at the same time.
fn count_words(file: &str) -> usize {
    file.par_split_whitespace().count()
}

fn main() -> ExitCode {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1);
    pool.build_global().unwrap();
    let total = Arc::new(Mutex::new(0));
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&total);
    thread::spawn(move || {
        add_words(&shared, &["to be", "or not to be"]);
        sender.send(()).unwrap();
    });

    let ended = receiver.recv_timeout(LIMIT);
    println!("2 files within {LIMIT:?}: {ended:?}");
    println!("the total: {total:?}");
    if ended.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
