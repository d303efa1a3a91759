//! Refused: a thread borrows a local variable that may be gone before the thread is.
//!
//! `thread::spawn` does not say when its thread ends, so nothing that the closure borrows from
//! this function is sure to last. The compiler asks for a closure that owns all it uses.
//!
//! Python: `for url in urls: Thread(target=lambda: fetch(url)).start()`; the lambda looks `url` up
//! when it runs, so that two threads may fetch the same one and none the other.
//! Error: ``error[E0373]: closure may outlive the current function, but it borrows `url`, which is
//! owned by the current function``
//! Instead: `thread::spawn(move || ..)`, or `thread::scope` for a thread that may borrow since it
//! is joined in time: see `scoped_threads`.
//! Needs: nothing

use std::thread;

fn main() {
    let mut workers = Vec::new();
    for url in ["/ada", "/grace"] {
        workers.push(thread::spawn(|| println!("fetch {url}"))); // REFUSED: E0373
    }
    for worker in workers {
        worker.join().unwrap();
    }
}
