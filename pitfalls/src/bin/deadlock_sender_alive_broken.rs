//! Deadlock: a loop over a channel never ends, as its own function still holds a sender.
//!
//! You see: all results have arrived, and the program never exits: `for x in receiver` does not
//! end.
//! Why: the loop ends when the last sender is dropped. Each thread drops its clone, but the sender
//! that was cloned lives until the function returns. The same happens when the receiving thread has
//! captured a sender, or a struct keeps one.
//! Rule: drop the first sender once the last clone is made.
//!
//! Python: `for item in iter(queue.get, None)`, where nobody puts the `None`
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`)
//! Fixed: `deadlock_sender_alive_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_sender_alive_broken
//! ? 1
//! 3 counts have arrived: 10 words
//! the loop has ended within 300ms: Err(Timeout)
//! ```

use std::process::ExitCode;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

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
        // BROKEN: `counts` itself is alive, so this loop waits for what it could send
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
