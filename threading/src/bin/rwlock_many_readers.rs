//! Let many threads read a value at the same time, and let a writer be alone with it.
//!
//! Use an `RwLock` when many threads read, few write, and reading takes a while. `read` returns a
//! guard that any number of threads can hold at once. `write` waits until all guards are dropped,
//! and keeps everybody else out. For a few quick steps a `Mutex` costs less.
//!
//! - A thread that holds a read guard must not ask for a second one. If a writer asks in between,
//!   the two may wait for each other: `deadlock_recursive_read`.
//! - A read guard cannot become a write guard. Drop it, call `write`, and look at the value again:
//!   another thread may have changed it in between (`race_double_init`).
//! - A write guard becomes a read guard in one step with `RwLockWriteGuard::downgrade`.
//! - Whether waiting readers or waiting writers go first depends on the system.
//! - For settings that are replaced as a whole: `config_reload`.
//!
//! Python: nothing in the standard library; with a `Lock` the readers wait for each other
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p threading --bin rwlock_many_readers
//! 4 readers were inside at once
//! a reader while one writes: try_lock failed because the operation would block
//! a reader after that: [10, 20, 30]
//! ```

use std::sync::{Barrier, RwLock};
use std::thread;

fn main() {
    let prices = RwLock::new(vec![10, 20]);

    let all_readers = Barrier::new(4);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let prices = prices.read().unwrap();
                all_readers.wait(); // goes on when all four hold a guard
                assert_eq!(prices.len(), 2);
            });
        }
    });
    println!("4 readers were inside at once");

    let mut writing = prices.write().unwrap();
    writing.push(30);
    thread::scope(|scope| {
        scope.spawn(|| {
            let refused = prices.try_read().unwrap_err();
            println!("a reader while one writes: {refused}");
        });
    });
    drop(writing);
    println!("a reader after that: {:?}", prices.read().unwrap());
}
