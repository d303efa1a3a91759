//! Make a value once, on first use, whichever thread comes first.
//!
//! Use it for what takes long to make and is only read afterwards: a table, a client, a compiled
//! pattern. The first thread makes the value, and those that come meanwhile wait for it.
//! `LazyLock` knows how to make its value: use it for a `static`. `OnceLock` is told by its
//! caller: use it where the value depends on something that only the caller has.
//!
//! - The closure must not ask for the same value: it would wait for itself. It must not call rayon
//!   either. While rayon waits, it may run a job that asks for the value: `deadlock_rayon_in_init`.
//! - If the closure panics, a `OnceLock` stays empty and the next caller tries again. A `LazyLock`
//!   panics from then on.
//! - If making the value can fail, use `get_or_try_init` of the `once_cell` crate. It is not stable
//!   in std yet.
//! - A value for each key: `concurrent_map`. In async code: `tokio::sync::OnceCell`.
//!
//! Python: `functools.cache` and `cached_property`, where two threads may both run the function
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p threading --bin once_init
//! making the table
//! 8 threads have read the table
//! counting the words
//! 8 threads have read the count
//! ```

use std::sync::{LazyLock, OnceLock};
use std::thread;

static SQUARES: LazyLock<Vec<u32>> = LazyLock::new(|| {
    println!("making the table");
    (0..1000).map(|n| n * n).collect()
});

struct Document {
    text: String,
    word_count: OnceLock<usize>,
}

impl Document {
    fn word_count(&self) -> usize {
        *self.word_count.get_or_init(|| {
            println!("counting the words");
            self.text.split_whitespace().count()
        })
    }
}

fn main() {
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(SQUARES[12], 144));
        }
    });
    println!("8 threads have read the table");

    let document = Document {
        text: "once is enough".to_owned(),
        word_count: OnceLock::new(),
    };
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| assert_eq!(document.word_count(), 3));
        }
    });
    println!("8 threads have read the count");
}
