//! Deadlock: a rayon job holds a lock while it waits for another pool, and steals a job.
//!
//! You see: rarely, under load, everything stops; one thread holds the lock and waits for it.
//! Why: a rayon worker that waits does not sleep. It takes up another job, on the same stack, and
//! that job wants the lock that the interrupted one holds. `install`, `join`, `scope` and
//! `par_iter` all wait this way.
//! Rule: no lock is held across a call into rayon, and no job waits for another pool.
//!
//! Python: a `Lock` held over `await`, in a loop that runs another task meanwhile.
//! Caught by: no lint; parking_lot's `deadlock_detection`.
//! Fixed: `deadlock_rayon_under_lock_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_rayon_under_lock_broken
//! ? 1
//! deadlock: 1 thread has begun 2 files: it holds the lock for one and waits for it for the other
//! ```

use std::collections::HashSet;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// Adds up the words of `files` in `total`: calls `read` on `readers`, `count` on `counters`.
pub fn add_words<T: Send>(
    total: &Mutex<usize>,
    files: &[&str],
    (readers, read): (&ThreadPool, impl Fn(&str) -> T + Sync),
    (counters, count): (&ThreadPool, impl Fn(T) -> usize + Sync),
) {
    readers.scope(|s| {
        for file in files {
            s.spawn(|_| {
                let text = read(file);
                let mut total = total.lock().unwrap();
                *total += counters.install(|| count(text)); // BROKEN: runs other jobs meanwhile
            });
        }
    });
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let total = Arc::new(Mutex::new(0));
    let begun = Arc::new(Mutex::new(Vec::new()));
    let (done, result) = mpsc::channel();
    let (shared_total, shared_begun) = (total.clone(), begun.clone());
    thread::spawn(move || {
        let pool = || {
            ThreadPoolBuilder::new()
                .num_threads(1)
                .build()
                .expect("1 thread")
        };
        let read = |file: &str| {
            shared_begun.lock().unwrap().push(thread::current().id());
            file.repeat(100) // stands for the text in a file
        };
        let count = |text: String| {
            // only for the demo: until the waiting worker has begun the second file
            while shared_begun.lock().unwrap().len() < 2 {
                thread::yield_now();
            }
            text.split_whitespace().count()
        };
        add_words(
            &shared_total,
            &["to be ", "or not "],
            (&pool(), read),
            (&pool(), count),
        );
        done.send(())
    });
    let Err(gave_up) = result.recv_timeout(Duration::from_millis(300)) else {
        let total = *total.lock().unwrap();
        println!("2 files, {total} words");
        return if total == 400 {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    };
    let locked = matches!(total.try_lock(), Err(TryLockError::WouldBlock));
    let begun = begun.lock().unwrap();
    let threads = begun.iter().collect::<HashSet<_>>().len();
    if gave_up == RecvTimeoutError::Timeout && locked && begun.len() > threads {
        println!(
            "deadlock: {threads} thread has begun {} files: it holds the lock for one and waits for it for the other",
            begun.len()
        );
    }
    ExitCode::FAILURE
}
