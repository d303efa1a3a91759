//! Count from several threads: the number is inside its lock.
//!
//! Use a `Mutex` for a value that several threads change. `lock` waits until no other thread holds
//! the lock, and returns a guard. The guard is the only way to the value, so forgetting to lock
//! does not compile. When the guard is dropped the lock is free again, also after an early return
//! or a panic.
//!
//! - `Arc` and `spawn`: for threads that may outlive the function that started them. Each thread
//!   owns a handle to the counter.
//! - `scope`: for threads that end before the function goes on. They borrow the counter.
//! - A guard with a name lives to the end of its block. One without a name lives to the end of its
//!   statement, and a `match` with all its arms is one statement: `deadlock_guard_in_match`.
//! - `unwrap` panics if a thread panicked while it held the lock: `poisoned_lock`.
//! - For numbers alone, atomics are enough: `atomic_statistics`.
//!
//! Python: `with lock: count += 1`, where nothing ties `lock` to `count`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p threading --bin mutex_counter
//! Arc and spawn: 400000
//! scope: 400000
//! ```

use std::sync::{Arc, Mutex};
use std::thread;

fn main() {
    let counter = Arc::new(Mutex::new(0_u64));
    let mut threads = Vec::new();
    for _ in 0..4 {
        let counter = Arc::clone(&counter);
        let thread = thread::spawn(move || {
            for _ in 0..100_000 {
                let mut count = counter.lock().unwrap();
                *count += 1;
            }
        });
        threads.push(thread);
    }
    for thread in threads {
        thread.join().unwrap();
    }
    println!("Arc and spawn: {}", counter.lock().unwrap());

    let counter = Mutex::new(0_u64);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..100_000 {
                    let mut count = counter.lock().unwrap();
                    *count += 1;
                }
            });
        }
    });
    println!("scope: {}", counter.lock().unwrap());
}
