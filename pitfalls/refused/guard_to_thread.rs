//! Refused: a lock is taken in one thread and released in another.
//!
//! On many systems only the thread that locked a mutex may unlock it (for `pthread_mutex_unlock`
//! anything else is undefined). So `MutexGuard` is not `Send`.
//!
//! Python: `lock.release()` works from any thread, also from one that never took the lock and lets
//! others in on the one that did. (`RLock` raises a `RuntimeError`.)
//! Error: ``error[E0277]: `std::sync::MutexGuard<'_, i32>` cannot be sent between threads safely``
//! Instead: lock in the thread that does the work; to hand over a right, hand over a permit:
//! `tokio::sync::OwnedSemaphorePermit`. The guard of `tokio::sync::Mutex` is `Send`.
//! Needs: nothing

use std::sync::Mutex;
use std::thread;

fn main() {
    let total = Mutex::new(0);
    let mut guard = total.lock().unwrap();
    thread::scope(|s| {
        s.spawn(move || *guard += 1); // REFUSED: E0277
    });
}
