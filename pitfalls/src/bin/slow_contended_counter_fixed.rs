//! Fixed: each thread counts for itself, and takes the lock once at the end.
//!
//! What the threads share is touched four times. `rayon`'s `fold` and `reduce`, and `map().sum()`,
//! do the same by themselves. If others must see the count while it grows, add it up every thousand
//! words.
//!
//! Python: a local variable in each thread, and `with lock: total += local` at its end
//! Broken: `slow_contended_counter_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_contended_counter_fixed
//! 400000 words, 4 threads: the lock was taken 4 times
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
    let mut words = 0;
    for _word in text {
        words += 1;
    }
    add(total, words); // FIXED: a lock for each thread
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
