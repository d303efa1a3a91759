//! Deadlock: rayon computes inside `get_or_init`, and its waiting thread asks for the value again.
//!
//! You see: the program hangs at its start, on some machines or some days only; the stack shows
//! `OnceLock::get_or_init`, rayon, and `get_or_init` again. With a `RefCell` in place of the lock:
//! "RefCell already borrowed". The same with `LazyLock` and `Mutex`.
//! Why: while a rayon thread waits for the parts of its `par_iter`, it does other jobs of the pool.
//! If one of those needs the same value, the thread waits for itself.
//! Rule: no parallel work inside an initialization or under a lock: compute first, then store.
//!
//! Python: does not happen: a thread that waits for its pool does nothing else
//! Caught by: no lint
//! Fixed: `deadlock_rayon_in_init_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_rayon_in_init_broken
//! ? 1
//! 2 jobs: 0 have ended
//! ```

use std::ops::Range;
use std::process::ExitCode;
use std::sync::{Arc, Barrier, OnceLock, mpsc};
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
        self.squares.get_or_init(compute) // BROKEN: waits for the pool in here
    }
}

// Only for the demo: both halves are being computed, and then a second job has begun.
static BOTH_HALVES: Barrier = Barrier::new(3);
static SECOND_JOB: Barrier = Barrier::new(2);

fn compute() -> Vec<u64> {
    let first_half = || {
        BOTH_HALVES.wait(); // only for the demo
        squares_of(0..500)
    };
    let second_half = || {
        BOTH_HALVES.wait(); // only for the demo
        SECOND_JOB.wait(); // only for the demo
        squares_of(500..1000)
    };
    let (low, high) = rayon::join(first_half, second_half);
    [low, high].concat()
}

fn squares_of(numbers: Range<u64>) -> Vec<u64> {
    numbers.map(|number| number * number).collect()
}

/// How long `main` waits for a job.
const PATIENCE: Duration = Duration::from_millis(300);

fn main() -> ExitCode {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let table = Arc::new(Table::default());
    let (sender, receiver) = mpsc::channel();
    for job in 0..2 {
        let table = Arc::clone(&table);
        let sender = sender.clone();
        if job == 1 {
            BOTH_HALVES.wait(); // only for the demo
        }
        pool.spawn(move || {
            if job == 1 {
                SECOND_JOB.wait(); // only for the demo
            }
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
