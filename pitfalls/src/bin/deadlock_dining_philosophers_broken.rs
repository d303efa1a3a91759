//! Deadlock: all philosophers take their left fork, and then wait forever for their right one.
//!
//! You see: all threads hang at once, after hours in which everything went well.
//! Why: each thread holds one lock and waits for its neighbor's lock, in a circle. "First left,
//! then right" is no order: the last philosopher's right fork is the first one's left fork. It
//! takes bad timing; here a barrier waits until everyone holds a fork.
//! Rule: number the locks, and let every thread take the lower number first.
//!
//! Python: `with forks[i]: with forks[(i + 1) % n]:` in `n` threads
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`); parking_lot's `deadlock_detection`
//! Fixed: `deadlock_dining_philosophers_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_dining_philosophers_broken
//! ? 1
//! all meals within 300ms: Err(Timeout)
//! fork 0: Mutex { data: "<locked>", poisoned: false, .. }
//! fork 1: Mutex { data: "<locked>", poisoned: false, .. }
//! fork 2: Mutex { data: "<locked>", poisoned: false, .. }
//! fork 3: Mutex { data: "<locked>", poisoned: false, .. }
//! fork 4: Mutex { data: "<locked>", poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Barrier, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

static ALL_HOLD_ONE: Barrier = Barrier::new(5); // only for the demo: see `dine`

/// Lets one of the philosophers eat once, with the fork of the same number and the next one.
///
/// There are as many philosophers as `forks`, two or more. Each fork counts its meals.
pub fn dine(forks: &[Mutex<u32>], philosopher: usize) {
    let left = philosopher;
    let right = (philosopher + 1) % forks.len();
    // BROKEN: the last philosopher begins with the higher number, all others with the lower
    let mut first = forks[left].lock().unwrap();
    ALL_HOLD_ONE.wait(); // only for the demo: each of the five holds a fork
    let mut second = forks[right].lock().unwrap();
    *first += 1;
    *second += 1;
}

/// Lets all philosophers eat once, at the same time.
pub fn dine_all(forks: &[Mutex<u32>]) {
    thread::scope(|scope| {
        for philosopher in 0..forks.len() {
            scope.spawn(move || dine(forks, philosopher));
        }
    });
}

fn main() -> ExitCode {
    let forks = Arc::new([0; 5].map(Mutex::new));
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&forks);
    thread::spawn(move || {
        dine_all(shared.as_slice());
        sender.send(()).unwrap();
    });

    let ended = receiver.recv_timeout(LIMIT);
    println!("all meals within {LIMIT:?}: {ended:?}");
    for (number, fork) in forks.iter().enumerate() {
        println!("fork {number}: {fork:?}");
    }
    if ended.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
