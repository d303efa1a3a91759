//! Refused: threads share a `RefCell` in an `Arc`.
//!
//! `RefCell` keeps in a plain field who borrows it. Two threads could both find it free, and change
//! the `Vec` at the same time. So `RefCell` is not `Sync`, and an `Arc` of it cannot go to another
//! thread. On one thread, two borrows at once compile and panic: "RefCell already borrowed" or
//! "RefCell already mutably borrowed" (older versions: "already borrowed: BorrowMutError").
//!
//! Python: `if name not in names: log(name); names.append(name)` from two threads; both append
//! Error: ``error[E0277]: `RefCell<Vec<&str>>` cannot be shared between threads safely``
//! Instead: `Arc::new(Mutex::new(Vec::new()))` and `names.lock().unwrap()`
//! Needs: nothing

use std::cell::RefCell;
use std::sync::Arc;
use std::thread;

fn main() {
    let names = Arc::new(RefCell::new(Vec::new()));
    let theirs = Arc::clone(&names);
    let worker = thread::spawn(move || theirs.borrow_mut().push("ada")); // REFUSED: E0277
    names.borrow_mut().push("grace");
    worker.join().unwrap();
}
