//! Deadlock: a thread is notified before it waits, and then waits forever.
//!
//! You see: a thread hangs in `Condvar::wait`, mostly when the other side is fast.
//! Why: a condition variable remembers nothing. `notify_all` wakes the threads that are waiting
//! now, and whoever waits later has missed it. Here a barrier makes the notification come first.
//! Rule: wait for a value that a lock protects, with `wait_while`, and not for a notification.
//!
//! Python: `with condition: condition.wait()` without a value to look at; use `threading.Event`
//! Caught by: no lint; shuttle (`models/tests/deadlocks.rs`)
//! Fixed: `deadlock_lost_wakeup_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_lost_wakeup_broken
//! ? 1
//! woken within 300ms: Err(Timeout)
//! woken after the event is set again: Ok(())
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Barrier, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

static IS_SET: Barrier = Barrier::new(2); // only for the demo: see `set_and_wait`

/// Something that happens once. Any number of threads can wait for it.
#[derive(Default)]
pub struct Event {
    lock: Mutex<()>,
    happened: Condvar,
}

impl Event {
    /// Makes the event happen.
    pub fn set(&self) {
        self.happened.notify_all();
    }

    /// Blocks the thread until the event has happened.
    pub fn wait(&self) {
        let guard = self.lock.lock().unwrap();
        // BROKEN: waits, even if `set` was called before
        let _guard = self.happened.wait(guard).unwrap();
    }
}

/// Sets `event` in one thread and waits for it in another.
pub fn set_and_wait(event: &Event) {
    thread::scope(|scope| {
        scope.spawn(|| {
            event.set();
            IS_SET.wait(); // only for the demo: the event is set first
        });
        scope.spawn(|| {
            IS_SET.wait(); // only for the demo: the other half of it
            event.wait();
        });
    });
}

fn main() -> ExitCode {
    let event = Arc::new(Event::default());
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&event);
    thread::spawn(move || {
        set_and_wait(&shared);
        sender.send(()).unwrap();
    });

    let in_time = receiver.recv_timeout(LIMIT);
    println!("woken within {LIMIT:?}: {in_time:?}");
    if in_time.is_ok() {
        return ExitCode::SUCCESS;
    }
    event.set();
    let later = receiver.recv_timeout(LIMIT);
    println!("woken after the event is set again: {later:?}");
    ExitCode::FAILURE
}
