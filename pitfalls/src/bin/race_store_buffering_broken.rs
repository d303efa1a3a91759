//! Race: two threads each store a flag, then look at the other's, and both miss it.
//!
//! You see: once in a while a thread sleeps forever, although what it waits for has happened.
//! Why: a load may overtake an earlier store to another place, on x86 as well, while the store is
//! still in a buffer of its core; `Release` and `Acquire` do not forbid that. So the setter sees
//! nobody asleep, the waiter sees that nothing has happened, and sleeps. loom shows it: it runs far
//! more orders than one machine shows, although not all that the language allows.
//! Rule: where both sides store, then load what the other stored, put `fence(SeqCst)` in between.
//!
//! Python: `done = True; if asleep: wake()` against `asleep = True; if not done: sleep()`, which is
//! right under the GIL
//! Caught by: no lint; loom, in the program itself
//! Fixed: `race_store_buffering_fixed`
//! Needs: `cargo add loom@0.7`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_store_buffering_broken
//! ? 1
//! a thread that waits: {"does not sleep", "is woken", "sleeps forever"}
//! ```

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

// In your program use `std::sync::atomic`. loom's atomics have the same methods, but work only
// inside of `loom::model`.
use loom::sync::atomic::{AtomicBool, Ordering};
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
        self.asleep.load(Ordering::Relaxed) // BROKEN: may overtake the store
    }

    /// Says that a thread is about to sleep. Returns whether it has to: nothing has happened yet.
    pub fn may_sleep(&self) -> bool {
        self.asleep.store(true, Ordering::Relaxed);
        !self.happened.load(Ordering::Acquire) // BROKEN: may overtake the store
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
