//! Fixed: every philosopher takes the fork with the lower number first.
//!
//! A philosopher only ever waits for a fork with a higher number than the one already held. Around
//! a circle the numbers would have to rise forever, so there is no circle. Nobody needs to know
//! more than two forks, but neighbors may still wait for each other's meals. Other ways: let only
//! `n - 1` philosophers sit down, with a semaphore; or use one lock for the whole table.
//!
//! Python: `first, second = sorted((left, right))`, then `with forks[first]: with forks[second]:`
//! Broken: `deadlock_dining_philosophers_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_dining_philosophers_fixed
//! all meals within 10s: Ok(())
//! fork 0: Mutex { data: 2, poisoned: false, .. }
//! fork 1: Mutex { data: 2, poisoned: false, .. }
//! fork 2: Mutex { data: 2, poisoned: false, .. }
//! fork 3: Mutex { data: 2, poisoned: false, .. }
//! fork 4: Mutex { data: 2, poisoned: false, .. }
//! ```

use std::cmp::{max, min};
use std::process::ExitCode;
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Lets one of the philosophers eat once, with the fork of the same number and the next one.
///
/// There are as many philosophers as `forks`, two or more. Each fork counts its meals.
pub fn dine(forks: &[Mutex<u32>], philosopher: usize) {
    let left = philosopher;
    let right = (philosopher + 1) % forks.len();
    // FIXED: every philosopher begins with the lower number
    let mut first = forks[min(left, right)].lock().unwrap();
    let mut second = forks[max(left, right)].lock().unwrap();
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
