//! Fixed: a rayon job hands its result on to another pool, and the lock is held for one addition.
//!
//! No job waits, so none is begun on top of another. To call `install` first and lock then would be
//! no deadlock either, but some thousand files, begun on one stack, overflow it. Texts that are
//! read and not counted yet pile up, if reading is faster: read no more than some at once. Often no
//! lock is needed at all: `files.par_iter().map(...).sum()`.
//!
//! Python: `n = await count(text)`, then `with lock: total += n`.
//! Broken: `deadlock_rayon_under_lock_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_rayon_under_lock_fixed
//! 20000 files, 4000000 words
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
    let (read, count) = (&read, &count);
    counters.in_place_scope(|counting| {
        readers.in_place_scope(|reading| {
            for file in files {
                reading.spawn(move |_| {
                    let text = read(file);
                    counting.spawn(move |_| {
                        let words = count(text); // FIXED: no lock in hand, and nobody waits for it
                        *total.lock().unwrap() += words;
                    });
                });
            }
        });
    });
}

// Only for the demo from here on.

const FILES: usize = 20_000;

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
        let count = |text: String| text.split_whitespace().count();
        let files = ["to be ", "or not "].repeat(FILES / 2); // enough to overflow a stack
        add_words(&shared_total, &files, (&pool(), read), (&pool(), count));
        done.send(())
    });
    let Err(gave_up) = result.recv_timeout(Duration::from_secs(10)) else {
        let total = *total.lock().unwrap();
        println!("{FILES} files, {total} words");
        return if total == 200 * FILES {
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
