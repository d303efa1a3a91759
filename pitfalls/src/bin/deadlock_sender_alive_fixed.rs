//! Fixed: the first sender is dropped once it is cloned, so the loop over the channel ends.
//!
//! The loop now ends with the last thread, whether it sent, returned early or panicked: no count to
//! keep, no sentinel to send. The loop owns the receiver, so that a panic in `each` frees threads
//! that wait in `send`. To need no `drop`, move the sender into the last thread.
//!
//! Python: one `queue.put(None)` when all producers are done, or `queue.shutdown()` since 3.13.
//! Broken: `deadlock_sender_alive_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_sender_alive_fixed
//! 3 of 3 counts have come, 10 words
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
        drop(counts); // FIXED: only the threads hold one now
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
    let end = end.recv_timeout(Duration::from_secs(10));
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
