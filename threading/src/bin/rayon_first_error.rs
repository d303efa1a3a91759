//! Stop a parallel loop at the first error: `collect` into a `Result`.
//!
//! Use it where one bad item makes the others worthless: a broken line, a full disk. As with an
//! `Iterator`, you get all values or an error. After an error each thread stops at its next item;
//! the items in progress run to their end.
//!
//! - With several bad items you get the error that was found first, not the first one of the list.
//! - To keep what succeeded, collect into a `Vec<Result<_, _>>`. Then nothing stops.
//! - Without values: `try_for_each`. At the first hit: `find_any`. When a flag is set:
//!   `take_any_while`.
//! - A panic stops only its own part of the list. With `panic_fuse` the other parts stop as well.
//! - For work that waits: `thread_pool_first_error`.
//!
//! Python: `wait(futures, return_when=FIRST_EXCEPTION)`, then `cancel()` on those not yet done
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p threading --bin rayon_first_error
//! 100000 numbers
//! all lines were read: true
//! error: invalid digit found in string
//! all lines were read: false
//! ```

use std::num::ParseIntError;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use rayon::prelude::*;

fn main() {
    let good: Vec<String> = (0..100_000).map(|n| n.to_string()).collect();
    let mut bad = good.clone();
    // The part of the list that begins with it has more lines, and they are then not read.
    bad[0] = "n/a".to_owned();

    for lines in [good, bad] {
        let read = AtomicUsize::new(0);
        let numbers: Result<Vec<u64>, ParseIntError> = lines
            .par_iter()
            .map(|line| {
                read.fetch_add(1, Relaxed);
                line.parse()
            })
            .collect();

        match numbers {
            Ok(numbers) => println!("{} numbers", numbers.len()),
            Err(error) => println!("error: {error}"),
        }
        let all_read = read.into_inner() == lines.len();
        println!("all lines were read: {all_read}");
    }
}
