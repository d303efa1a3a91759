//! Check a lock of your own on every schedule of its threads: find its bug, replay it, mend it.
//!
//! Use it for the small and hard part: a lock, a queue, a cache, a handful of threads that share
//! something. Build that part on shuttle's `sync` and `thread` instead of std's (three lines, see
//! below), call it from two or three threads, and assert what must hold. shuttle runs one thread
//! at a time and tries every order of their steps; what deadlocks or panics in one of them is
//! found, with the schedule that shows it. In a `#[test]`, `shuttle::check_dfs(test, None)` does
//! it and `shuttle::replay(test, "91...")` repeats it; the functions here return the schedule. Too
//! many orders: `shuttle::check_pct(test, 10_000, 3)`, at random. What it does not see: a wrong
//! `Ordering` (loom does, see `race_relaxed_publish_broken`), and a time-out, which never fires.
//!
//! The lock below fails once in a million: thread 2 finds it locked and is about to sleep (2 2 2 2
//! in the schedule), thread 1 unlocks and notifies (1 1), then thread 2 falls asleep (2).
//!
//! Python: nothing like it; a stress test, and hope.
//! Copy: `on_every_schedule`, `replay`, `run`, `Checked` and `Recorder`.
//! Needs: `cargo add shuttle@0.9`
//!
//! ```console
//! $ cargo run -p threading --bin model_check_with_shuttle -F shuttle
//! failing schedule:
//! "
//! [..]
//! "
//! pass that string to `shuttle::replay` to replay the failure
//! Test deadlocked, [..]
//! Task failed, serializing schedule
//! test panicked in task [..]
//!
//! thread 'main' ([..]) panicked at [..]
//! deadlock! blocked tasks: [main-thread (task main-thread(0)), [..]main-thread(2))]
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! as first written: wrong, for the first time on the schedule [0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 1, 1, 2]
//! Test deadlocked, [..]
//! Task failed, serializing schedule
//! test panicked in task [..]
//!
//! thread 'main' ([..]) panicked at [..]
//! deadlock! blocked tasks: [main-thread (task main-thread(0)), [..]main-thread(2))]
//! replayed: the same again
//! mended: right on 17011 schedules, on all there are
//! ```

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::{Arc, Mutex as StdMutex, PoisonError};

use shuttle::scheduler::{DfsScheduler, ReplayScheduler, Schedule, Scheduler, Task, TaskId};
use shuttle::{Config, Runner};
// Where your lock is, in place of `use std::{sync, thread};`:
//     #[cfg(not(test))]
//     use std::{sync, thread};
//     #[cfg(test)]
use shuttle::{sync, thread};
use sync::atomic::{AtomicBool, AtomicU32, Ordering::*};
use sync::{Condvar, Mutex};

/// How many schedules were right; or else the first that was not, as the thread that made each
/// step: 0 is the test itself, 1 the first thread that it starts.
pub type Checked = Result<usize, Vec<usize>>;

/// Runs `test` on every schedule that its threads can have, up to the first that panics or
/// deadlocks; what it was says shuttle on stderr. Keep the test small, two threads and a call or
/// two: the number of schedules grows without mercy. A spin loop is called wrong after a million
/// steps (`max_steps`), right or not: let it wait by a `Condvar` or `park` there. The test must do
/// the same on each run, and start with new values.
pub fn on_every_schedule(test: impl Fn() + Send + Sync + 'static) -> Checked {
    run(test, DfsScheduler::new(None, false))
}

/// Runs `test` once more on a schedule that was returned, to look closer, with prints in it. If
/// the code has changed since then, the schedule may not fit any more: that counts as wrong.
pub fn replay(test: impl Fn() + Send + Sync + 'static, schedule: &[usize]) -> Checked {
    let schedule = Schedule::new_from_task_ids(0, schedule.iter().copied());
    run(test, ReplayScheduler::new_from_schedule(schedule))
}

fn run(test: impl Fn() + Send + Sync + 'static, scheduler: impl Scheduler + 'static) -> Checked {
    let steps = Arc::new(StdMutex::new(Vec::new()));
    let recorder = Recorder {
        scheduler,
        steps: steps.clone(),
    };
    let mut config = Config::new();
    config.silence_warnings = true; // that it takes every `Ordering` for `SeqCst`: see above
    let run = AssertUnwindSafe(|| Runner::new(recorder, config).run(test));
    panic::catch_unwind(run)
        .map_err(|_said| steps.lock().unwrap_or_else(PoisonError::into_inner).clone())
}

/// Notes the steps that another scheduler decides on.
struct Recorder<S> {
    scheduler: S,
    steps: Arc<StdMutex<Vec<usize>>>,
}

impl<S: Scheduler> Scheduler for Recorder<S> {
    fn new_execution(&mut self) -> Option<Schedule> {
        self.steps.lock().unwrap().clear();
        self.scheduler.new_execution()
    }

    fn next_task(
        &mut self,
        runnable: &[&Task],
        current: Option<TaskId>,
        is_yielding: bool,
    ) -> Option<TaskId> {
        let next = self.scheduler.next_task(runnable, current, is_yielding);
        self.steps.lock().unwrap().extend(next.map(usize::from));
        next
    }

    fn next_u64(&mut self) -> u64 {
        self.scheduler.next_u64()
    }
}

// Only for the demo from here on.

/// A lock that sleeps in line where it has to wait. `MENDED` is for the demo: what it was before.
#[derive(Default)]
struct Lock<const MENDED: bool> {
    locked: AtomicBool,
    line: Mutex<()>,
    unlocked: Condvar,
}

impl<const MENDED: bool> Lock<MENDED> {
    fn lock(&self) {
        if !self.locked.swap(true, Acquire) {
            return; // nobody else is there: one step, and no call of the system
        }
        let mut line = self.line.lock().unwrap();
        while self.locked.swap(true, Acquire) {
            line = self.unlocked.wait(line).unwrap();
        }
    }

    fn unlock(&self) {
        self.locked.store(false, Release);
        if MENDED {
            // FIXED: who has found it locked has the line until it sleeps, and then it hears us.
            drop(self.line.lock());
        }
        self.unlocked.notify_one(); // BROKEN without: it may not sleep yet
    }
}

/// The test: a call from each of two threads, and what must hold then.
fn two_threads_add<const MENDED: bool>() {
    let (lock, total) = (Lock::<MENDED>::default(), AtomicU32::new(0));
    let add = || {
        lock.lock();
        let seen = total.load(Relaxed);
        total.store(seen + 1, Relaxed); // two steps, on purpose: only the lock makes them one
        lock.unlock();
    };
    thread::scope(|s| (0..2).for_each(|_| _ = s.spawn(add)));
    assert_eq!(
        total.load(Relaxed),
        2,
        "two threads were in the lock at once"
    );
}

fn main() -> ExitCode {
    let Err(found) = on_every_schedule(two_threads_add::<false>) else {
        return ExitCode::FAILURE;
    };
    println!("as first written: wrong, for the first time on the schedule {found:?}");

    let again = replay(two_threads_add::<false>, &found);
    let same = again.as_ref() == Err(&found);
    println!(
        "replayed: {}",
        if same {
            "the same again"
        } else {
            "something else"
        }
    );

    let mended = on_every_schedule(two_threads_add::<true>);
    let right = mended.as_ref().is_ok_and(|&schedules| schedules > 1);
    println!(
        "mended: right on {} schedules, on all there are",
        mended.unwrap_or(0)
    );
    if same && right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
