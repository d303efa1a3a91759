//! Refused: two threads receive from one std receiver.
//!
//! The receiver counts on a single thread that takes. So it is not `Sync`, and a reference to it
//! goes to no other thread.
//!
//! Python: `if not q.empty(): q.get()` in two threads; both see the last item, one gets it, and
//! the other hangs.
//! Error: ``error[E0277]: `std::sync::mpsc::Receiver<i32>` cannot be shared between threads
//! safely``
//! Instead: `crossbeam::channel::bounded(16)`, whose receiver is `Sync` and `Clone`: see
//! `producer_consumer`; or `Mutex::new(rx)` and `let item = rx.lock().unwrap().recv();`.
//! Needs: nothing

use std::sync::mpsc;
use std::thread;

fn main() {
    let (tx, rx) = mpsc::channel();
    tx.send(1).unwrap();
    thread::scope(|s| {
        s.spawn(|| println!("{:?}", rx.try_recv())); // REFUSED: E0277
        println!("{:?}", rx.try_recv());
    });
}
