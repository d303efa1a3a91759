//! Deadlock: everybody takes the left fork, then waits for the right one, all round the table.
//!
//! You see: all threads stop at once, after hours in which everything went well.
//! Why: each holds one lock and waits for its neighbor's: a circle as long as the table. All follow
//! one rule, left and then right, and it is no order: the last one's right is the first one's left.
//! It takes bad timing; here a barrier waits until everybody has one fork.
//! Rule: number the locks and take the lower number first, everybody.
//!
//! Python: `with forks[i]: with forks[(i + 1) % n]:` in `n` threads.
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`);
//! parking_lot's `deadlock_detection`.
//! Fixed: `deadlock_dining_philosophers_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_dining_philosophers_broken
//! ? 1
//! philosopher 0 has fork 0 and waits for fork 1
//! philosopher 1 has fork 1 and waits for fork 2
//! philosopher 2 has fork 2 and waits for fork 3
//! philosopher 3 has fork 3 and waits for fork 4
//! philosopher 4 has fork 4 and waits for fork 0
//! deadlock: all 5 forks are taken, and nobody eats
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Barrier, Mutex, TryLockError};
use std::thread;
use std::time::Duration;

/// Philosopher `me` eats once, with fork `me` and the next one in the circle of `forks`. Each fork
/// counts its meals. Alone at the table, with one fork, one eats with that.
pub fn dine(forks: &[Mutex<u32>], me: usize, moment: impl FnOnce(usize, usize)) {
    let (left, right) = (me, (me + 1) % forks.len());
    let mut one = forks[left].lock().unwrap(); // BROKEN: all begin with the left one
    moment(left, right); // only for the demo: everybody has one fork
    let other = (left != right).then(|| forks[right].lock().unwrap());
    *one += 1;
    if let Some(mut other) = other {
        *other += 1;
    }
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let forks: Arc<[Mutex<u32>]> = (0..5).map(|_| Mutex::new(0)).collect();
    let (tell, hands) = mpsc::channel();
    let (done, end) = mpsc::channel();
    let shared = forks.clone();
    thread::spawn(move || {
        let everybody_has_one = Barrier::new(shared.len());
        dine_all(&shared, |me, has, wants| {
            tell.send((me, has, wants)).unwrap();
            everybody_has_one.wait();
        });
        done.send(())
    });
    let Err(gave_up) = end.recv_timeout(Duration::from_millis(300)) else {
        let meals: Vec<_> = forks.iter().map(|fork| *fork.lock().unwrap()).collect();
        println!("done: meals with each fork: {meals:?}");
        return ExitCode::SUCCESS;
    };
    let mut hands: Vec<_> = hands.try_iter().collect();
    hands.sort();
    for (me, has, wants) in hands {
        println!("philosopher {me} has fork {has} and waits for fork {wants}");
    }
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
pub fn dine_all(forks: &[Mutex<u32>], moment: impl Fn(usize, usize, usize) + Sync) {
    let moment = &moment;
    thread::scope(|s| {
        for me in 0..forks.len() {
            s.spawn(move || dine(forks, me, |has, wants| moment(me, has, wants)));
        }
    });
}
