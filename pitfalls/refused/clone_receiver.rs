//! Refused: the receiver of a std channel is cloned for a second consumer.
//!
//! Two receivers leave it open who gets what. `mpsc` stands for many producers and a single
//! consumer: the sender can be cloned, the receiver cannot.
//!
//! Python: a `queue.Queue` with two consumers; one `None` at the end stops one of them, and the
//! other waits forever.
//! Error: ``error[E0599]: no method named `clone` found for struct `std::sync::mpsc::Receiver<T>`
//! in the current scope``
//! Instead: `crossbeam::channel::bounded(16)`, each item to one consumer: see `producer_consumer`;
//! or `tokio::sync::broadcast`, each item to all of them.
//! Needs: nothing

use std::sync::mpsc;

fn main() {
    let (tx, rx) = mpsc::channel();
    let second = rx.clone(); // REFUSED: E0599
    tx.send(1).unwrap();
    println!("{:?} {:?}", rx.try_recv(), second.try_recv());
}
