//! Fixed: rayon adds up the results of its jobs, and no job holds a lock.
//!
//! `sum` combines what the jobs return, so there is nothing to lock while they run; `collect` and
//! `reduce` do the same for other results. The lock is held for one addition at the end, outside of
//! rayon. It is faster, too: under the lock, only one file is counted at a time.
//!
//! Python: `n = sum(await asyncio.gather(...))`, and `with lock: total += n` after that
//! Broken: `deadlock_rayon_under_lock_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_rayon_under_lock_fixed
//! 2 files within 10s: Ok(())
//! the total: Mutex { data: 6, poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use rayon::prelude::*;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Adds the number of words in all `files` to `total`.
pub fn add_words(total: &Mutex<usize>, files: &[&str]) {
    let counts = files.par_iter().map(|file| count_words(file));
    let words: usize = counts.sum(); // FIXED: no lock is held here
    *total.lock().unwrap() += words;
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
