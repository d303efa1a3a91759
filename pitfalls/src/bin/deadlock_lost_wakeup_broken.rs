//! Deadlock: a thread is notified before it waits, and waits for a call that has been.
//!
//! You see: a thread sleeps in `Condvar::wait` for good, mostly when the other side is fast.
//! Why: a condition variable remembers nothing: `notify_all` wakes who waits now, and nobody later.
//! Here a barrier makes the notify come first.
//! Rule: wait for a value under the lock, never for the call: `wait_while`.
//!
//! Python: `with condition: condition.wait()` without a loop; `Event` does it right.
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`).
//! Fixed: `deadlock_lost_wakeup_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_lost_wakeup_broken
//! ? 1
//! lost: set once, and the one that came later waited on, until it was set again
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Barrier, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// Something that happens once, and any number of threads can wait for.
#[derive(Default)]
pub struct Event {
    lock: Mutex<()>,
    happened: Condvar,
}

impl Event {
    /// Says that it has happened.
    pub fn set(&self) {
        self.happened.notify_all();
    }

    /// Returns when it has happened.
    pub fn wait(&self) {
        let guard = self.lock.lock().unwrap();
        drop(self.happened.wait(guard).unwrap()); // BROKEN: waits, even if `set` was before
    }
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let event = Arc::new(Event::default());
    let (done, end) = mpsc::channel();
    let shared = event.clone();
    thread::spawn(move || {
        set_and_wait(&shared);
        done.send(())
    });
    let Err(gave_up) = end.recv_timeout(Duration::from_millis(300)) else {
        println!("done: set once, and the one that waited has gone on");
        return ExitCode::SUCCESS;
    };
    let woken_by_another_set = (0..100).any(|_| {
        event.set();
        end.recv_timeout(Duration::from_millis(10)).is_ok()
    });
    if gave_up == RecvTimeoutError::Timeout && woken_by_another_set {
        println!("lost: set once, and the one that came later waited on, until it was set again");
    }
    ExitCode::FAILURE
}

/// Sets `event` on one thread and waits for it on another.
pub fn set_and_wait(event: &Event) {
    let moment = Barrier::new(2);
    thread::scope(|s| {
        s.spawn(|| {
            event.set();
            moment.wait(); // only for the demo: not before it is set
        });
        s.spawn(|| {
            moment.wait(); // only for the demo
            event.wait();
        });
    });
}
