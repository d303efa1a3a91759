//! Fixed: the event is a value under the lock; the condition variable only says: look again.
//!
//! `wait_while` looks before it waits and after each wake-up, so a notify that came early, or one
//! that came for no reason, does no harm. The value must change under the lock: else the change
//! could fall between the look and the wait. For something done once, `OnceLock::wait` does it all.
//!
//! Python: `condition.wait_for(lambda: has_happened)`, or `threading.Event`.
//! Broken: `deadlock_lost_wakeup_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_lost_wakeup_fixed
//! done: set once, and the one that waited has gone on
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;

/// Something that happens once, and any number of threads can wait for.
#[derive(Default)]
pub struct Event {
    has_happened: Mutex<bool>,
    happened: Condvar,
}

impl Event {
    /// Says that it has happened.
    pub fn set(&self) {
        *self.has_happened.lock().unwrap() = true;
        self.happened.notify_all();
    }

    /// Returns when it has happened.
    pub fn wait(&self) {
        let guard = self.has_happened.lock().unwrap();
        drop(self.happened.wait_while(guard, |has| !*has).unwrap()); // FIXED: looks before it waits
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
    let Err(gave_up) = end.recv_timeout(Duration::from_secs(10)) else {
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
    thread::scope(|s| {
        s.spawn(|| event.set());
        s.spawn(|| event.wait());
    });
}
