//! Fixed: the table is computed outside of `get_or_init`, and stored when it is ready.
//!
//! Two jobs may then compute it at the same time; the first one stores it, and the other result is
//! dropped. Where that costs too much, compute the table before the first parallel job, for example
//! in `main`. `deadlock_rayon_under_lock` is the same mistake with a `Mutex`.
//!
//! Python: `functools.cache` has the same property: two threads may compute one value
//! Broken: `deadlock_rayon_in_init_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_rayon_in_init_fixed
//! 2 jobs: 2 have ended
//! ```

use std::ops::Range;
use std::process::ExitCode;
use std::sync::{Arc, OnceLock, mpsc};
use std::time::Duration;

use rayon::ThreadPoolBuilder;

/// Squares that every job needs.
#[derive(Default)]
pub struct Table {
    squares: OnceLock<Vec<u64>>,
}

impl Table {
    /// Returns the squares. The first caller computes them.
    pub fn squares(&self) -> &[u64] {
        if let Some(squares) = self.squares.get() {
            return squares;
        }
        let squares = compute();
        self.squares.get_or_init(|| squares) // FIXED: waits for nothing in here
    }
}

fn compute() -> Vec<u64> {
    let first_half = || squares_of(0..500);
    let second_half = || squares_of(500..1000);
    let (low, high) = rayon::join(first_half, second_half);
    [low, high].concat()
}

fn squares_of(numbers: Range<u64>) -> Vec<u64> {
    numbers.map(|number| number * number).collect()
}

/// How long `main` waits for a job.
const PATIENCE: Duration = Duration::from_secs(10);

fn main() -> ExitCode {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let table = Arc::new(Table::default());
    let (sender, receiver) = mpsc::channel();
    for job in 0..2 {
        let table = Arc::clone(&table);
        let sender = sender.clone();
        pool.spawn(move || {
            sender.send(table.squares()[job]).unwrap();
        });
    }

    let mut ended = 0;
    while ended < 2 && receiver.recv_timeout(PATIENCE).is_ok() {
        ended += 1;
    }
    println!("2 jobs: {ended} have ended");
    if ended == 2 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
