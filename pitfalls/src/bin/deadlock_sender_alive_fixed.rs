//! Fixed: the first sender is dropped once it is cloned, so the loop over the channel ends.
//!
//! The loop ends when the last thread ends, whether that has sent, returned early or panicked.
//! Nobody has to count, and nobody sends a value that means the end. The loop owns the receiver, so
//! a panic in `each` frees threads that wait in `send`: they get an error. Without a `drop`: move
//! the first sender into the last thread.
//!
//! Python: one `queue.put(None)` when all producers are done, or `queue.shutdown()` since 3.13
//! Broken: `deadlock_sender_alive_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_sender_alive_fixed
//! 3 counts have arrived: 10 words
//! the loop has ended within 10s: Ok(())
//! ```

use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Counts the words of each of `texts` on a thread of its own, and calls `each` with each count, in
/// the order in which they arrive.
pub fn count_words(texts: &[&str], mut each: impl FnMut(usize)) {
    let (counts, received) = mpsc::sync_channel(16);
    thread::scope(|scope| {
        for text in texts {
            let counts = counts.clone();
            scope.spawn(move || {
                let words = text.split_whitespace().count();
                counts.send(words).unwrap();
            });
        }
        drop(counts); // FIXED: only the threads have senders now
        for words in received {
            each(words);
        }
    });
}

fn main() -> ExitCode {
    let texts = ["to be", "or not to be", "that is the question"];
    let (arrived, counts) = mpsc::channel();
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        count_words(&texts, |words| arrived.send(words).unwrap());
        sender.send(()).unwrap();
    });

    let three = counts.iter().take(3);
    let words: usize = three.sum();
    println!("3 counts have arrived: {words} words");
    let ended = receiver.recv_timeout(LIMIT);
    println!("the loop has ended within {LIMIT:?}: {ended:?}");
    if ended.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
