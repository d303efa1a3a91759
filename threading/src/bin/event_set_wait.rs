//! Hold threads at a gate until another one opens it: Python's `Event`, which std does not have.
//!
//! Use it for "ready", "go" or "stop", where many wait for one thing that is said once, or now and
//! then. All who wait go on, in no particular order; whoever comes later passes at once, until
//! `clear`. What was written before `set` is seen after `wait`. The flag is looked at again after
//! each wake-up, so a wake-up without a reason lets nobody pass. A counter beside it lets those
//! pass who waited while somebody called `set` and `clear`, one right after the other: by the time
//! they run, the flag alone would send them back to sleep. For a gate that opens once, and no
//! timeout, `OnceLock::wait` is enough; to stop a worker, close its channel.
//!
//! Python: `threading.Event`, with `set`, `clear`, `is_set`, `wait(timeout)`.
//! Copy: `Event` and its `State`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin event_set_wait
//! before: 0 of 5 threads passed, each tried for 10 ms
//! after: 5 of 5 passed and saw what was written before; a late one passed at once
//! cleared: the next one waits again
//!
//! $ cargo run -p threading --bin event_set_wait -- --threads 50 --millis 0
//! before: 0 of 50 threads passed, each tried for 0 ms
//! after: 50 of 50 passed and saw what was written before; a late one passed at once
//! cleared: the next one waits again
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicU16, Ordering::Relaxed};
use std::sync::{Barrier, Condvar, Mutex};
use std::thread;
use std::time::Duration;

use clap::{Parser, value_parser};

/// A gate for any number of threads, closed at first. It may stand in a `static`.
pub struct Event {
    state: Mutex<State>,
    opened: Condvar,
}

struct State {
    is_set: bool,
    times_set: u64,
}

impl Event {
    /// A closed gate.
    pub const fn new() -> Self {
        let state = State {
            is_set: false,
            times_set: 0,
        };
        Self {
            state: Mutex::new(state),
            opened: Condvar::new(),
        }
    }

    /// Opens the gate: for all who wait, and for all who come until `clear`.
    pub fn set(&self) {
        let mut state = self.state.lock().unwrap(); // nothing panics under this lock
        state.is_set = true;
        state.times_set += 1;
        self.opened.notify_all();
    }

    /// Closes the gate for those who come from now on.
    pub fn clear(&self) {
        self.state.lock().unwrap().is_set = false;
    }

    /// Whether the gate is open, which may have changed by the time you look at the answer.
    pub fn is_set(&self) -> bool {
        self.state.lock().unwrap().is_set
    }

    /// Waits until the gate is open, or has been open since the call.
    pub fn wait(&self) {
        let state = self.state.lock().unwrap();
        let before = state.times_set;
        let closed = |state: &mut State| !state.is_set && state.times_set == before;
        drop(self.opened.wait_while(state, closed).unwrap());
    }

    /// The same, for at most `limit`. Returns whether the gate was open.
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        let state = self.state.lock().unwrap();
        let before = state.times_set;
        let closed = |state: &mut State| !state.is_set && state.times_set == before;
        !self
            .opened
            .wait_timeout_while(state, limit, closed)
            .unwrap()
            .1
            .timed_out()
    }
}

impl Default for Event {
    fn default() -> Self {
        Self::new()
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads wait at the gate
    #[arg(long, value_name = "N", default_value_t = 5,
        value_parser = value_parser!(u16).range(..=1000))]
    threads: u16,

    /// How long each tries to pass the closed gate
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = value_parser!(u16).range(..=1000))]
    millis: u16,
}

static GATE: Event = Event::new();

fn main() -> ExitCode {
    let Args { threads, millis } = Args::parse();
    let all_tried = Barrier::new(usize::from(threads) + 1);
    let written = AtomicBool::new(false); // Relaxed: the gate is what orders it
    let (early, saw_it) = (AtomicU16::new(0), AtomicU16::new(0));
    thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                let passed = GATE.wait_timeout(Duration::from_millis(millis.into()));
                early.fetch_add(passed.into(), Relaxed);
                all_tried.wait();
                GATE.wait();
                saw_it.fetch_add(written.load(Relaxed).into(), Relaxed);
            });
        }
        all_tried.wait(); // the gate is closed until every thread has tried in vain
        thread::sleep(Duration::from_millis(20)); // a `wait` that does not wait would be seen
        written.store(true, Relaxed);
        GATE.set();
    });
    let (early, saw_it) = (early.into_inner(), saw_it.into_inner());
    let late = GATE.is_set() && GATE.wait_timeout(Duration::ZERO);
    println!("before: {early} of {threads} threads passed, each tried for {millis} ms");
    let at_once = if late {
        "passed at once"
    } else {
        "had to wait"
    };
    println!(
        "after: {saw_it} of {threads} passed and saw what was written before; a late one {at_once}"
    );

    GATE.clear();
    let again = GATE.is_set() || GATE.wait_timeout(Duration::from_millis(1));
    println!(
        "cleared: the next one {}",
        if again { "passes" } else { "waits again" }
    );
    let held = (early, saw_it, late, again) == (0, threads, true, false);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
