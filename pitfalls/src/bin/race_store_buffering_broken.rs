//! Race: two threads each store a flag, then look at the other's, and both see the old one.
//!
//! You see: once in a while a thread sleeps forever, and what it waits for has happened.
//! Why: a load may go ahead of an earlier store to another place, on x86 as well: the store
//! still sits in a buffer of its core. `Release` and `Acquire` do not forbid that. So the setter
//! sees nobody asleep, the waiter sees nothing set, and sleeps. loom runs far more
//! orders than a machine does, if not all that the language allows.
//! Rule: where both sides store, then load what the other stored, put `fence(SeqCst)` in between.
//!
//! Python: `done = True` then `if asleep:`, against `asleep = True` then `if not done:`,
//! which is right under the GIL.
//! Caught by: no lint; loom, in the program itself.
//! Fixed: `race_store_buffering_fixed`
//! Needs: `cargo add loom@0.7`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_store_buffering_broken
//! ? 1
//! of 30 executions, 12 need no sleep, 8 sleep and are woken, 10 sleep forever
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

// In your program: `std::sync::atomic`. loom's have the same methods, and run in its models only.
use loom::sync::atomic::{AtomicBool, Ordering};
use loom::thread;

/// Something that happens once, and threads that sleep until then.
///
/// To wait: `while event.may_sleep() { thread::park(); }`.
/// To set: `if event.set() { waiter.unpark(); }`, for each thread that may wait.
#[derive(Default)]
pub struct Event {
    happened: AtomicBool,
    asleep: AtomicBool,
}

impl Event {
    /// Says that it has happened. `true`: somebody may be asleep, and must be unparked.
    pub fn set(&self) -> bool {
        self.happened.store(true, Ordering::Release);
        self.asleep.load(Ordering::Relaxed) // BROKEN: may go ahead of the store
    }

    /// For a thread that waits. `true`: it may park, since `set` will know of it.
    pub fn may_sleep(&self) -> bool {
        self.asleep.store(true, Ordering::Relaxed);
        !self.happened.load(Ordering::Acquire) // BROKEN: may go ahead of the store
    }
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let outcomes = seen.clone();
    loom::model(move || {
        let event = Arc::new(Event::default());
        let to_set = event.clone();
        let setter = thread::spawn(move || to_set.set());
        let sleeps = event.may_sleep();
        let wakes = setter.join().unwrap();
        outcomes.lock().unwrap().push((sleeps, wakes));
    });
    let seen = seen.lock().unwrap();
    let awake = seen.iter().filter(|(sleeps, _)| !sleeps).count();
    let woken = seen
        .iter()
        .filter(|&&outcome| outcome == (true, true))
        .count();
    let lost = seen
        .iter()
        .filter(|&&outcome| outcome == (true, false))
        .count();
    println!(
        "of {} executions, {awake} need no sleep, {woken} sleep and are woken, \
         {lost} sleep forever",
        seen.len()
    );
    if woken > 0 && lost == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
