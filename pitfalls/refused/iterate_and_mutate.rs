//! Refused: one thread reads a `Vec` while another pushes to it.
//!
//! A push may move all the items to a larger block, and the reader would go on in the freed one.
//! What is borrowed to be read cannot be borrowed to be changed at the same time.
//!
//! Python: a dict raises "RuntimeError: dictionary changed size during iteration", now and then;
//! a list from which a thread removes items makes the other skip some, without a word.
//! Error: ``error[E0502]: cannot borrow `users` as mutable because it is also borrowed as
//! immutable``
//! Instead: `RwLock<Vec<_>>` with `read()` and `write()`: see `rwlock_many_readers`; or read a
//! `clone()`.
//! Needs: nothing

use std::thread;

fn main() {
    let mut users = vec!["ada", "grace"];
    thread::scope(|s| {
        s.spawn(|| users.iter().for_each(|user| println!("{user}")));
        s.spawn(|| users.push("edsger")); // REFUSED: E0502
    });
}
