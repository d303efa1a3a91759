//! Call a function on every item of a list, on all cores: `iter` becomes `par_iter`.
//!
//! Use it for work that computes. rayon has a pool with a thread for each core. It cuts the list in
//! halves, and cuts these again when a thread has nothing left to do. The results are in the order
//! of the items. `map`, `filter`, `sum`, `min_by_key` and most of `Iterator` are there.
//!
//! - For items that take less than a microsecond, `with_min_len(1000)` avoids tiny parts.
//! - For another number of threads: `thread_pool_initializer`, or the variable `RAYON_NUM_THREADS`.
//! - A panic reaches the caller when the other parts are done. For errors: `rayon_first_error`.
//! - Work that waits (network, files, locks) blocks the pool for everyone: use `thread_pool_map`.
//! - `par_bridge` takes any iterator, but loses the order. It can hang if the iterator waits for
//!   the same pool: if it uses rayon itself, or reads a channel that jobs of the pool fill.
//! - A sum of floats depends on where the list is cut: `race_schedule_dependent`.
//!
//! Python: `multiprocessing.Pool().map(f, numbers)`, but with threads, and nothing is pickled
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p threading --bin rayon_map
//! 100000 numbers, the longest way to 1 has 350 steps
//! the same results in the same order: true
//! ```

use rayon::prelude::*;

fn main() {
    let numbers: Vec<u64> = (1..=100_000).collect();

    let sequential: Vec<u32> = numbers.iter().map(collatz_steps).collect();
    let parallel: Vec<u32> = numbers.par_iter().map(collatz_steps).collect();

    let longest = parallel.iter().max().unwrap();
    println!("100000 numbers, the longest way to 1 has {longest} steps");
    let equal = parallel == sequential;
    println!("the same results in the same order: {equal}");
}

/// How many steps it takes from `number` to 1: an even number is halved, an odd one becomes
/// three times itself plus one.
fn collatz_steps(number: &u64) -> u32 {
    let mut number = *number;
    let mut steps = 0;
    while number > 1 {
        if number.is_multiple_of(2) {
            number /= 2;
        } else {
            number = 3 * number + 1;
        }
        steps += 1;
    }
    steps
}
