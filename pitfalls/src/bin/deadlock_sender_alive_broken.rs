//! Deadlock: a loop over a channel never ends, as its own function still holds a sender.
//!
//! You see: all results are there, and the program never exits.
//! Why: `for .. in received` ends when the last sender is dropped. Each thread drops its clone; the
//! first sender, from which they were cloned, lives until the function returns. The same when the
//! receiving thread has captured one, or a struct keeps one.
//! Rule: drop the first sender once the last clone is made.
//!
//! Python: `for item in iter(queue.get, None)`, and nobody puts the `None`.
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`).
//! Fixed: `deadlock_sender_alive_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_sender_alive_broken
//! ? 1
//! 3 of 3 counts have come, 10 words
//! hang: the loop waits for one more, from the sender in its own function
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

/// Counts the words of each of `texts` on a thread of its own, and hands each count to `each`, in
/// the order in which they come.
pub fn count_words(texts: &[&str], mut each: impl FnMut(usize)) {
    let (counts, received) = mpsc::sync_channel(16);
    thread::scope(|s| {
        for text in texts {
            let counts = counts.clone();
            s.spawn(move || counts.send(text.split_whitespace().count()));
        }
        // BROKEN: `counts` itself is still there, so this loop waits for it
        for words in received {
            each(words);
        }
    });
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let texts = ["to be", "or not to be", "that is the question"];
    let (seen, counts) = mpsc::channel();
    let (done, end) = mpsc::channel();
    thread::spawn(move || {
        count_words(&texts, |words| seen.send(words).unwrap());
        done.send(())
    });
    let end = end.recv_timeout(Duration::from_millis(300));
    let counts: Vec<usize> = counts.try_iter().collect();
    println!(
        "{} of 3 counts have come, {} words",
        counts.len(),
        counts.iter().sum::<usize>()
    );
    if end == Err(RecvTimeoutError::Timeout) && counts.len() == 3 {
        println!("hang: the loop waits for one more, from the sender in its own function");
    }
    if end.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
