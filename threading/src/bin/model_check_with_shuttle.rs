//! Test a lock of your own with every schedule of its threads: find a bug, replay it, fix it.
//!
//! Use it for the small and hard part of a program: a lock, a queue, a cache. Write a test that
//! uses it from two threads, with shuttle's `sync` and `thread` in place of std's. shuttle runs one
//! thread at a time, and repeats the test with every order of their steps. A schedule that panics
//! or deadlocks is printed as a string, and `shuttle::replay` repeats just that one.
//!
//! - The number of schedules grows fast, so keep the test small: two threads, a call or two each.
//!   For a larger one, `shuttle::check_pct(test, 10_000, 3)` tries random schedules.
//! - A loop that spins fails after a million steps, even if it is right. Let it wait with a
//!   `Condvar` or `park`.
//! - It treats every `Ordering` as `SeqCst`, as its warning says, and timeouts never fire. loom
//!   checks orderings: `race_relaxed_publish_broken`.
//!
//! Python: nothing like it; a stress test that may find the bug or not
//! Needs: `cargo add shuttle@0.9`
//!
//! ```console
//! $ cargo run -p threading --bin model_check_with_shuttle -F shuttle
//! [..]WARNING[..]: Shuttle only correctly models SeqCst atomics [..]
//! ...
//! failing schedule:
//! "
//! 91020bf8acd191010024522201
//! "
//! pass that string to `shuttle::replay` to replay the failure
//!
//! thread 'main' ([..]) panicked at threading/src/bin/model_check_with_shuttle.rs:[..]
//! two threads are inside
//! ...
//! broken lock, every schedule: two threads are inside
//! ...
//! broken lock, that schedule again: two threads are inside
//! ...
//! fixed lock, every schedule: no panic, no deadlock
//! ```

use std::panic::catch_unwind;

// In a project the lock has both: `#[cfg(test)]` for this, and `#[cfg(not(test))]` for std's.
use shuttle::sync::atomic::Ordering::{Acquire, Relaxed, Release};
use shuttle::sync::atomic::{AtomicBool, AtomicU32};
use shuttle::thread;

/// A lock that does not wait.
struct Lock {
    locked: AtomicBool,
}

impl Lock {
    const fn new() -> Self {
        Self {
            locked: AtomicBool::new(false),
        }
    }

    fn try_lock_broken(&self) -> bool {
        if self.locked.load(Acquire) {
            return false;
        }
        self.locked.store(true, Relaxed); // BROKEN: it may have been locked since the load
        true
    }

    fn try_lock(&self) -> bool {
        let was_locked = self.locked.swap(true, Acquire); // FIXED: one step for both
        !was_locked
    }

    fn unlock(&self) {
        self.locked.store(false, Release);
    }
}

/// The test: of two threads that take the lock, at most one is inside.
fn at_most_one_is_inside(try_lock: fn(&Lock) -> bool) {
    let lock = Lock::new();
    let inside = AtomicU32::new(0);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                if try_lock(&lock) {
                    let others_inside = inside.fetch_add(1, Relaxed);
                    assert!(others_inside == 0, "two threads are inside");
                    inside.fetch_sub(1, Relaxed);
                    lock.unlock();
                }
            });
        }
    });
}

/// Copied from what `check_dfs` printed.
const FAILING_SCHEDULE: &str = "91020bf8acd191010024522201";

fn main() {
    let broken = || at_most_one_is_inside(Lock::try_lock_broken);
    let panic = catch_unwind(|| shuttle::check_dfs(broken, None)).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    println!("broken lock, every schedule: {message}");

    let panic = catch_unwind(|| shuttle::replay(broken, FAILING_SCHEDULE)).unwrap_err();
    let message = panic.downcast_ref::<&str>().unwrap();
    println!("broken lock, that schedule again: {message}");

    let fixed = || at_most_one_is_inside(Lock::try_lock);
    shuttle::check_dfs(fixed, None);
    println!("fixed lock, every schedule: no panic, no deadlock");
}
