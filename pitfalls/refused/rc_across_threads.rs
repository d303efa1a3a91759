//! Refused: an `Rc` goes to another thread.
//!
//! `Rc` counts its owners with plain additions. Two threads would lose a count, and the value
//! would be freed while one of them still reads it. So `Rc` is not `Send`, and `thread::spawn`
//! takes only what is.
//!
//! Python: every object has such a count, and any thread may take it along. What keeps the count
//! right is the GIL, and the price is that threads take turns.
//! Error: ``error[E0277]: `Rc<String>` cannot be sent between threads safely``
//! Instead: `Arc::new(..)` and `Arc::clone(..)`: the same, counted atomically.
//! Needs: nothing

use std::rc::Rc;
use std::thread;

fn main() {
    let settings = Rc::new(String::from("verbose"));
    let theirs = Rc::clone(&settings);
    let worker = thread::spawn(move || println!("worker: {theirs}")); // REFUSED: E0277
    println!("main: {settings}");
    worker.join().unwrap();
}
