//! Refused: the value in a `Mutex` is changed without the lock.
//!
//! An update without the lock would be lost beside the ones that take it. The value is inside of
//! the `Mutex`, and `lock` is the only way to it from more than one thread.
//!
//! Python: `self.total += 1` where `with self.lock:` was forgotten; nothing ties the two together.
//! Error: ``error[E0614]: type `std::sync::Mutex<{integer}>` cannot be dereferenced``
//! Instead: `*total.lock().unwrap() += 1`
//! Needs: nothing

use std::sync::Mutex;
use std::thread;

fn main() {
    let total = Mutex::new(0);
    thread::scope(|s| {
        s.spawn(|| *total += 1); // REFUSED: E0614
        s.spawn(|| *total.lock().unwrap() += 1);
    });
}
