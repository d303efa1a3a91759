//! One global lock, and what it does to threads: waits overlap, work does not.
//!
//! Python's GIL without Python: who works holds the one lock, who waits lets go of it. So threads
//! help with waits there, and never with work. Rust has no such lock: what is shared says so in its
//! type, and the rest runs on every core. Use this one where something may be entered by one thread
//! at a time only, such as a C library with global state: `outside` lets the others in for the time
//! of a wait, and a wait without it makes them all stand in line. While `outside` runs they may
//! change the state: read it again. A panic inside poisons the lock, and `enter` panics from then
//! on. `parking_lot` has this as `MutexGuard::unlocked`.
//!
//! Python: the GIL, and `Py_BEGIN_ALLOW_THREADS` around each wait in CPython's own C code.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p recipes --bin gil_simulation
//! work with the lock: 1 of 4 threads at once, 40 steps counted
//! waits with the lock let go: 4 of 4 threads at once
//! waits with the lock held: 1 of 4 threads at once
//! work without a lock: 4 of 4 threads at once
//!
//! $ cargo run -p recipes --bin gil_simulation -- --threads 0
//! ? 2
//! error: invalid value '0' for '--threads <N>': 0 is not in 1..=100
//! ...
//! ```

use std::io::{self, Write, stdout};
use std::ops::{Deref, DerefMut};
use std::process::ExitCode;
use std::sync::{Condvar, Mutex, MutexGuard};
use std::{thread, time::Duration};

use clap::{Parser, value_parser};

/// The right to work on `T`, which one thread has at a time. Dropping it gives it back.
#[must_use = "dropped at once, it lets the others in"]
pub struct Inside<'a, T: ?Sized> {
    lock: &'a Mutex<T>,
    guard: Option<MutexGuard<'a, T>>, // `None` while `outside` runs, and if that panicked
}

impl<'a, T: ?Sized> Inside<'a, T> {
    /// Waits until nobody else is inside. Panics if somebody has panicked there, and hangs or
    /// panics if this thread is inside already.
    pub fn enter(lock: &'a Mutex<T>) -> Self {
        Self {
            lock,
            guard: Some(lock.lock().expect("nobody has panicked inside")),
        }
    }

    /// Lets the others in while `wait` runs, then waits until nobody is inside, and returns what
    /// `wait` returned. If `wait` panics, nobody is inside, and nothing is poisoned.
    pub fn outside<R>(&mut self, wait: impl FnOnce() -> R) -> R {
        self.guard = None;
        let result = wait();
        *self = Self::enter(self.lock);
        result
    }
}

impl<T: ?Sized> Deref for Inside<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        self.guard.as_ref().expect("`outside` has not panicked")
    }
}

impl<T: ?Sized> DerefMut for Inside<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        self.guard.as_mut().expect("`outside` has not panicked")
    }
}

#[derive(Parser)]
struct Args {
    /// How many threads
    #[arg(long, value_name = "N", default_value = "4", value_parser = value_parser!(u32).range(1..=100))]
    threads: u32,
}

fn main() -> io::Result<ExitCode> {
    let n = Args::parse().threads;
    let (steps, long, short) = (
        Mutex::new(0),
        Duration::from_secs(2),
        Duration::from_millis(2),
    );
    let work_with_lock = most_at_once(n, short, |step| {
        for _ in 0..10 {
            let mut steps = Inside::enter(&steps);
            let before = *steps;
            step();
            *steps = before + 1; // a second one in here would be lost
        }
    });
    let steps = *Inside::enter(&steps);
    writeln!(
        stdout(),
        "work with the lock: {work_with_lock} of {n} threads at once, {steps} steps counted"
    )?;

    let lock = Mutex::new(());
    let let_go = most_at_once(n, long, |wait| Inside::enter(&lock).outside(wait));
    writeln!(
        stdout(),
        "waits with the lock let go: {let_go} of {n} threads at once"
    )?;
    let held = most_at_once(n, short, |wait| {
        let _inside = Inside::enter(&lock);
        wait();
    });
    writeln!(
        stdout(),
        "waits with the lock held: {held} of {n} threads at once"
    )?;
    let free = most_at_once(n, long, |step| step());
    writeln!(
        stdout(),
        "work without a lock: {free} of {n} threads at once"
    )?;

    let held = (work_with_lock, steps, let_go, held, free) == (1, 10 * n, n, 1, n);
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Runs `job` on each of the threads and hands it something that takes a while. Returns how many
/// were in that at the same time. It lasts until all were seen in it, or for `patience`.
fn most_at_once(threads: u32, patience: Duration, job: impl Fn(&dyn Fn()) + Sync) -> u32 {
    let (counts, changed) = (Mutex::new((0, 0)), Condvar::new());
    let lasting = || {
        let mut counts_now = counts.lock().expect("no panic in here");
        counts_now.0 += 1;
        counts_now.1 = counts_now.0.max(counts_now.1);
        changed.notify_all();
        let not_all = |&mut (_, most): &mut (u32, u32)| most < threads;
        let waited = changed.wait_timeout_while(counts_now, patience, not_all);
        waited.expect("no panic in here").0.0 -= 1;
    };
    thread::scope(|s| (0..threads).for_each(|_| drop(s.spawn(|| job(&lasting)))));
    counts.into_inner().expect("no panic in here").1
}
