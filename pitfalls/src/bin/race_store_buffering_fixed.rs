//! Fixed: two threads each store a flag, then look at the other's, and at least one sees it.
//!
//! All `fence(SeqCst)` calls of a program have one order. The load after the later fence sees the
//! store before the earlier one, so at least one thread sees the flag of the other. Both sides need
//! a fence, and each costs about as much as a `fetch_add`. `Release` and `Acquire` stay: a thread
//! that does not sleep sees what was done before `set`.
//!
//! - Mostly a `Condvar` is enough: its lock puts all of this in order.
//! - `SeqCst` on both stores and both loads would do as well, but loom takes that for `AcqRel` and
//!   cannot show it.
//!
//! Python: `done = threading.Event()`, `done.set()`, `done.wait()`
//! Broken: `race_store_buffering_broken`
//! Needs: `cargo add loom@0.7`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_store_buffering_fixed
//! a thread that waits: {"does not sleep", "is woken"}
//! ```

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

// In your program use `std::sync::atomic`. loom's atomics have the same methods, but work only
// inside of `loom::model`.
use loom::sync::atomic::{AtomicBool, Ordering, fence};
use loom::thread;

/// Something that happens once, and a thread that sleeps until then.
///
/// To wait: `while event.may_sleep() { thread::park(); }`.
/// To set: `if event.set() { waiter.unpark(); }`.
#[derive(Default)]
pub struct Event {
    happened: AtomicBool,
    asleep: AtomicBool,
}

impl Event {
    /// Says that it has happened. Returns whether the waiter may be asleep and must be unparked.
    pub fn set(&self) -> bool {
        self.happened.store(true, Ordering::Release);
        fence(Ordering::SeqCst); // FIXED: no load overtakes a store here
        self.asleep.load(Ordering::Relaxed)
    }

    /// Says that a thread is about to sleep. Returns whether it has to: nothing has happened yet.
    pub fn may_sleep(&self) -> bool {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst); // FIXED: no load overtakes a store here
        !self.happened.load(Ordering::Acquire)
    }
}

fn main() -> ExitCode {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = outcomes.clone();
    // loom runs this once for each order that the two threads can take.
    loom::model(move || {
        let event = Arc::new(Event::default());
        let event_to_set = event.clone();
        let setter = thread::spawn(move || event_to_set.set());
        let sleeps = event.may_sleep();
        let is_woken = setter.join().unwrap();
        let outcome = match (sleeps, is_woken) {
            (false, _) => "does not sleep",
            (true, true) => "is woken",
            (true, false) => "sleeps forever",
        };
        seen.lock().unwrap().insert(outcome);
    });

    let outcomes = outcomes.lock().unwrap();
    println!("a thread that waits: {outcomes:?}");
    if outcomes.contains("sleeps forever") {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
