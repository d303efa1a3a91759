//! Refused: `let _ =` in front of `lock()`, so that the lock is open again at once.
//!
//! `_` is no variable: the guard is dropped at the end of the line, and what follows runs without
//! the lock. A lint of rustc sees it, and it is an error without being asked for.
//!
//! Python: `lock.acquire` without `()`; it runs, and locks nothing.
//! Error: `error: non-binding let on a synchronization lock`
//! Instead: `let _guard = LOCK.lock().unwrap();`, or better the data inside of the `Mutex`.
//! Needs: nothing

use std::sync::Mutex;

static LOCK: Mutex<()> = Mutex::new(());

fn main() {
    let _ = LOCK.lock().unwrap(); // REFUSED: let_underscore_lock
    println!("one line at a time");
}
