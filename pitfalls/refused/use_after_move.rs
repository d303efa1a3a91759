//! Refused: a value is changed after it was sent to another thread.
//!
//! The receiver would see the list as it was, or half changed, or as it is now. `send` takes the
//! value itself and not a copy of the reference: the sender no longer has it.
//!
//! Python: `queue.put(batch)`, then `batch.clear()` for the next round; the consumer gets an empty
//! list, or not, by chance.
//! Error: ``error[E0382]: borrow of moved value: `batch` ``
//! Instead: `tx.send(batch.clone())`, or `tx.send(mem::take(&mut batch))`, which leaves an empty
//! one for the next round.
//! Needs: nothing

use std::sync::mpsc;

fn main() {
    let (tx, rx) = mpsc::channel();
    let mut batch = vec![1, 2, 3];
    tx.send(batch).unwrap();
    batch.clear(); // REFUSED: E0382
    println!("{:?}", rx.recv());
}
