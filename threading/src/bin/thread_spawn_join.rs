//! Start several threads, move data into them, and join their results.
//!
//! Use it to do a few things at the same time. Waits overlap, and computing uses all cores, since
//! there is no GIL. `spawn` starts the thread at once, `move` gives it the data that it needs, and
//! `join` waits for its end and returns what its closure returned.
//!
//! - Start all of them before you join the first. In one chain, `map(spawn).map(join)`, each thread
//!   starts when the one before it has ended, because iterators are lazy.
//! - `join` takes the handle, so joining twice does not compile. A panic in the thread is its
//!   `Err`: `panic_in_thread`.
//! - A handle that is dropped leaves its thread running: `daemon_thread`.
//! - To lend the data instead of moving it: `scoped_threads`. For many items: `thread_pool_map`, or
//!   `rayon_map` if they compute.
//!
//! Python: `Thread(target=f, args=(x,))`, `start()`, `join()`, and a queue for the result
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p threading --bin thread_spawn_join
//! 3 threads started
//! 9 words
//! 3 words
//! 6 words
//! 18 words in all
//! ```

use std::thread;

fn main() {
    let sentences = [
        "The quick brown fox jumps over the lazy dog".to_owned(),
        "Call me Ishmael".to_owned(),
        "It was the best of times".to_owned(),
    ];

    let mut threads = Vec::new();
    for sentence in sentences {
        let thread = thread::spawn(move || count_words(&sentence));
        threads.push(thread);
    }
    println!("{} threads started", threads.len());

    let mut total = 0;
    for thread in threads {
        let words = thread.join().expect("counting does not panic");
        println!("{words} words");
        total += words;
    }
    println!("{total} words in all");
}

fn count_words(text: &str) -> usize {
    text.split_whitespace().count()
}
