//! Refused: a parallel loop uses an `Rc`.
//!
//! rayon's threads would share the `Rc`, and each could clone it: a plain count, changed from many
//! threads. So `Rc` is not `Sync`, and the closure that borrows it is not either.
//!
//! Python: `pool.map(lambda n: n * scale.factor, numbers)` on threads; each use of `scale` changes
//! its reference count under the GIL, and the threads take turns.
//! Error: ``error[E0277]: `Rc<u64>` cannot be shared between threads safely``
//! Instead: `let factor = 3;` and borrow it: the loop ends before the variable does. `Arc` where
//! there has to be more than one owner.
//! Needs: `cargo add rayon@1`

use std::rc::Rc;

use rayon::prelude::*;

fn main() {
    let factor = Rc::new(3);
    let sum: u64 = (1..=100).into_par_iter().map(|n| n * *factor).sum(); // REFUSED: E0277
    println!("{sum}");
}
