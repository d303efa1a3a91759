//! Refused: two threads change one variable.
//!
//! Adding is read, add, write. Both would read the same number, and one addition would be lost.
//! To change a variable is to borrow it `&mut`, and there is one such borrow at a time.
//!
//! Python: `nonlocal total` and `total += size(page)` in two threads; the total is too small.
//! Error: ``error[E0499]: cannot borrow `total` as mutable more than once at a time``
//! Instead: `AtomicU64` and `fetch_add`, `Mutex` (see `mutex_counter`), or a sum for each thread
//! that it returns.
//! Needs: nothing

use std::thread;

fn main() {
    let mut total = 0;
    thread::scope(|s| {
        s.spawn(|| total += 1);
        s.spawn(|| total += 1); // REFUSED: E0499
    });
    println!("{total}");
}
