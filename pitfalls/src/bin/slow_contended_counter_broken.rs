//! Slow: every increment takes the same lock, so the threads wait for each other all the time.
//!
//! You see: four threads are slower than one, with much time in `futex` or in the kernel.
//! Why: the work between two locks is one addition. The lock costs more than that, and moves from
//! core to core; only one thread can have it.
//! Rule: each thread adds up for itself, and takes the lock once.
//!
//! Python: `with lock: total += 1` in a loop, on several threads
//! Caught by: no lint; a profiler such as `perf` shows the time in the lock
//! Fixed: `slow_contended_counter_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_contended_counter_broken
//! ? 1
//! 400000 words, 4 threads: the lock was taken 400000 times
//! ```

use std::process::ExitCode;
use std::sync::Mutex;
use std::thread;

/// A total, and how often its lock was taken.
#[derive(Default)]
pub struct Total {
    words: u64,
    locked: u64,
}

/// Counts the words of each text on a thread of its own.
pub fn count(texts: &[&[&str]]) -> Total {
    let total = Mutex::new(Total::default());
    thread::scope(|scope| {
        for text in texts {
            scope.spawn(|| count_one(text, &total));
        }
    });
    total.into_inner().unwrap()
}

fn count_one(text: &[&str], total: &Mutex<Total>) {
    for _word in text {
        add(total, 1); // BROKEN: a lock for each word
    }
}

fn add(total: &Mutex<Total>, words: u64) {
    let mut total = total.lock().unwrap();
    total.words += words;
    total.locked += 1;
}

fn main() -> ExitCode {
    let text: &[&str] = &["word"; 100_000];
    let total = count(&[text; 4]);
    let words = total.words;
    let locked = total.locked;
    println!("{words} words, 4 threads: the lock was taken {locked} times");
    if locked == 4 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
