//! Fixed: two threads each store a flag, then look at the other's, and one sees the new one.
//!
//! All `fence(SeqCst)` calls of a program happen in one order. Whichever of the two comes second,
//! the load after it sees the store before the first one. Both sides need one; each costs about as
//! much as a `fetch_add`. `SeqCst` on the two stores and the two loads would do as well, but loom
//! takes that for `AcqRel` and cannot show it. `Release` and `Acquire` stay: whoever does not sleep
//! sees what was done before `set`. Mostly a `Condvar` will do: its lock orders it all.
//!
//! Python: `done = threading.Event()`, `done.set()`, `done.wait()`.
//! Broken: `race_store_buffering_broken`
//! Needs: `cargo add loom@0.7`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_store_buffering_fixed
//! of 15 executions, 8 need no sleep, 7 sleep and are woken, 0 sleep forever
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

// In your program: `std::sync::atomic`. loom's have the same methods, and run in its models only.
use loom::sync::atomic::{AtomicBool, Ordering, fence};
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
        fence(Ordering::SeqCst); // FIXED: the store first, for everybody
        self.asleep.load(Ordering::Relaxed)
    }

    /// For a thread that waits. `true`: it may park, since `set` will know of it.
    pub fn may_sleep(&self) -> bool {
        self.asleep.store(true, Ordering::Relaxed);
        fence(Ordering::SeqCst); // FIXED: the store first, for everybody
        !self.happened.load(Ordering::Acquire)
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
