//! Refused: a parallel loop adds to a variable outside of it.
//!
//! All workers would add to one variable, and additions would be lost. rayon runs one closure on
//! many threads, so it asks for `Fn`, which changes nothing that it captures.
//!
//! Python: `pool.map(add, numbers)` with `total += f(n)` in `add`; a thread pool loses
//! additions, and in a process pool each worker adds to its own copy: the total stays 0.
//! Error: ``error[E0594]: cannot assign to `total`, as it is a captured variable in a `Fn`
//! closure``
//! Instead: `(1..=100_u64).into_par_iter().sum::<u64>()`, or `map` and `reduce`.
//! Needs: `cargo add rayon@1`

use rayon::prelude::*;

fn main() {
    let mut total = 0_u64;
    (1..=100_u64).into_par_iter().for_each(|n| total += n); // REFUSED: E0594
    println!("{total}");
}
