//! Fixed: the event is a value that a lock protects, and a notification only means "look again".
//!
//! `wait_while` looks at the value before it waits and after every wake-up. So it does not matter
//! if the notification came early, or if the thread woke up for no reason. The value has to change
//! under the lock, or it could change between the look and the wait. It costs a lock in `set`. For
//! a value that is set once, `std::sync::OnceLock::wait` does all of it.
//!
//! Python: `condition.wait_for(lambda: has_happened)`, or `threading.Event`
//! Broken: `deadlock_lost_wakeup_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_lost_wakeup_fixed
//! woken within 10s: Ok(())
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Something that happens once. Any number of threads can wait for it.
#[derive(Default)]
pub struct Event {
    has_happened: Mutex<bool>,
    happened: Condvar,
}

impl Event {
    /// Makes the event happen.
    pub fn set(&self) {
        *self.has_happened.lock().unwrap() = true;
        self.happened.notify_all();
    }

    /// Blocks the thread until the event has happened.
    pub fn wait(&self) {
        let guard = self.has_happened.lock().unwrap();
        // FIXED: looks at the value before it waits, and again after each notification
        let _guard = self
            .happened
            .wait_while(guard, |has_happened| !*has_happened)
            .unwrap();
    }
}

/// Sets `event` in one thread and waits for it in another.
pub fn set_and_wait(event: &Event) {
    thread::scope(|scope| {
        scope.spawn(|| {
            event.set();
        });
        scope.spawn(|| {
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
