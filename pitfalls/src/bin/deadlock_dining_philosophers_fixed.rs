//! Fixed: everybody takes the fork with the lower number first, so the last one begins right.
//!
//! Whoever waits, waits for a higher fork than all it holds. Round a circle that would go up and up
//! and end where it began, so there is no circle. Nobody needs to know more than the own two forks.
//! Other ways: let only `n - 1` sit down, with a semaphore; or one lock for the whole table.
//!
//! Python: `for fork in sorted((left, right)): stack.enter_context(forks[fork])`.
//! Broken: `deadlock_dining_philosophers_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_dining_philosophers_fixed
//! done: meals with each fork: [2, 2, 2, 2, 2]
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

/// Philosopher `me` eats once, with fork `me` and the next one in the circle of `forks`. Each fork
/// counts its meals. Alone at the table, with one fork, one eats with that.
pub fn dine(forks: &[Mutex<u32>], me: usize) {
    let (left, right) = (me, (me + 1) % forks.len());
    let mut one = forks[left.min(right)].lock().unwrap(); // FIXED: the lower number first
    let other = (left != right).then(|| forks[left.max(right)].lock().unwrap());
    *one += 1;
    if let Some(mut other) = other {
        *other += 1;
    }
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let forks: Arc<[Mutex<u32>]> = (0..5).map(|_| Mutex::new(0)).collect();
    let (done, end) = mpsc::channel();
    let shared = forks.clone();
    thread::spawn(move || {
        dine_all(&shared);
        done.send(())
    });
    let Err(gave_up) = end.recv_timeout(Duration::from_secs(10)) else {
        let meals: Vec<_> = forks.iter().map(|fork| *fork.lock().unwrap()).collect();
        println!("done: meals with each fork: {meals:?}");
        return ExitCode::SUCCESS;
    };
    let taken = |fork: &Mutex<u32>| matches!(fork.try_lock(), Err(TryLockError::WouldBlock));
    if gave_up == RecvTimeoutError::Timeout && forks.iter().all(taken) {
        println!(
            "deadlock: all {} forks are taken, and nobody eats",
            forks.len()
        );
    }
    ExitCode::FAILURE
}

/// Everybody at the table eats once, all at the same time.
pub fn dine_all(forks: &[Mutex<u32>]) {
    thread::scope(|s| {
        for me in 0..forks.len() {
            s.spawn(move || dine(forks, me));
        }
    });
}
