//! Hold threads at a gate until another thread opens it: Python's `Event`.
//!
//! Use it for "ready" or "go": many threads wait for something that is announced once. std has no
//! such type, but a flag in a `Mutex` and a `Condvar` make one. `set` lets all waiting threads
//! pass, and those that come later, until `clear`.
//!
//! - What was written before `set` is seen after `wait`.
//! - `clear` closes the gate for all threads that have not passed yet. Called right after `set`, it
//!   may send threads that `set` has just woken back to sleep. In Python they pass.
//! - If the thread that should call `set` panics first, all others wait forever: `wait_timeout`.
//! - For a gate that opens once, and waits without a timeout: `OnceLock::wait`.
//! - To stop a worker that sleeps between rounds: `stop_a_thread`. In async code: `async_event`.
//!
//! Python: `threading.Event` with `set`, `clear`, `is_set`, `wait(timeout)`
//! Needs: nothing
//! Tested: `threading/tests/proof/event_set_wait.rs`, `models/tests/threading_sync.rs`
//!
//! ```console
//! $ cargo run -p threading --bin event_set_wait
//! before `set`: 0 of 5 threads have passed
//! after `set`: 5 of 5 threads have passed
//! ```

use std::sync::{Condvar, Mutex};
use std::time::Duration;

/// A gate for any number of threads, closed at first. Share it by reference, in a `static` or in
/// an `Arc`.
#[derive(Default)]
pub struct Event {
    is_set: Mutex<bool>,
    changed: Condvar,
}

impl Event {
    /// Creates an event that is not set.
    pub const fn new() -> Self {
        Self {
            is_set: Mutex::new(false),
            changed: Condvar::new(),
        }
    }

    /// Opens the gate, for all threads that wait or come later.
    pub fn set(&self) {
        *self.is_set.lock().unwrap() = true;
        self.changed.notify_all();
    }

    /// Closes the gate for all threads that have not passed yet.
    pub fn clear(&self) {
        *self.is_set.lock().unwrap() = false;
    }

    /// Returns whether the gate is open right now.
    pub fn is_set(&self) -> bool {
        *self.is_set.lock().unwrap()
    }

    /// Blocks the thread until the gate is open.
    pub fn wait(&self) {
        let is_set = self.is_set.lock().unwrap();
        let _is_set = self.changed.wait_while(is_set, |is_set| !*is_set).unwrap();
    }

    /// Blocks the thread until the gate is open, for at most `timeout`. Returns whether it is open.
    #[must_use = "after a timeout the gate is still closed"]
    pub fn wait_timeout(&self, timeout: Duration) -> bool {
        let is_set = self.is_set.lock().unwrap();
        let (is_set, _) = self
            .changed
            .wait_timeout_while(is_set, timeout, |is_set| !*is_set)
            .unwrap();
        *is_set
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

fn main() {
    let gate = Event::new();
    let passed = AtomicUsize::new(0);

    thread::scope(|scope| {
        for _ in 0..5 {
            scope.spawn(|| {
                gate.wait();
                passed.fetch_add(1, Relaxed);
            });
        }
        thread::sleep(Duration::from_millis(20)); // enough time to pass, if they could
        let early = passed.load(Relaxed);
        println!("before `set`: {early} of 5 threads have passed");
        gate.set();
    });

    let passed = passed.into_inner();
    println!("after `set`: {passed} of 5 threads have passed");
}
