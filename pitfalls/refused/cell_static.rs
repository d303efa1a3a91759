//! Refused: a global variable is a `Cell`.
//!
//! Every thread can reach a `static`, and two of them would read the same number before either
//! writes the next. So the type of a `static` has to be `Sync`, and `Cell` is not.
//!
//! Python: `id = next_id`, `log(id)`, `next_id = id + 1`; two threads get the same id.
//! Error: ``error[E0277]: `Cell<u32>` cannot be shared between threads safely``
//! Instead: `static NEXT_ID: AtomicU32 = AtomicU32::new(1);` and `NEXT_ID.fetch_add(1, Relaxed)`.
//! Needs: nothing

use std::cell::Cell;

static NEXT_ID: Cell<u32> = Cell::new(1); // REFUSED: E0277

fn main() {
    println!("{}", NEXT_ID.replace(NEXT_ID.get() + 1));
}
