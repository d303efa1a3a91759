//! Deadlock: a rayon job holds a lock while it waits in rayon, and takes up another job meanwhile.
//!
//! You see: rayon hangs rarely, under load, where a `par_iter`, `join`, `scope` or `install` is
//! called with a `Mutex` locked. One thread holds the lock and waits for it.
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
//! deadlock: the only worker holds the lock, and waits for it
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

use rayon::prelude::*;

/// Adds the number of words in all `files` to `total`.
pub fn add_words(total: &Mutex<usize>, files: &[&str]) {
    files.par_iter().for_each(|file| {
        let mut total = total.lock().unwrap();
        // only for the demo: runs another job, as a worker does that waits in `count_words`
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
    let shared = total.clone();
    let (done, added) = mpsc::channel();
    thread::spawn(move || {
        add_words(&shared, &["to be", "or not to be"]);
        done.send(()).unwrap();
    });

    let added = added.recv_timeout(Duration::from_millis(300));
    let locked = matches!(total.try_lock(), Err(TryLockError::WouldBlock));
    match added {
        Ok(()) => {
            println!("2 files, {} words", total.lock().unwrap());
            return ExitCode::SUCCESS;
        }
        Err(RecvTimeoutError::Timeout) if locked => {
            println!("deadlock: the only worker holds the lock, and waits for it");
        }
        Err(error) => println!("no result: {error}"),
    }
    ExitCode::FAILURE
}
