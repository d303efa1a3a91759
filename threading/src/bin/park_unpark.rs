//! Put a thread to sleep and wake it: `park` and `unpark`, under a flag of your own.
//!
//! Use it to build a lock or a queue of your own; those of std are built on this or something like
//! it. Each thread has a mailbox with room for one token. `unpark` puts a token in. `park` blocks
//! until there is one, and takes it out. So an `unpark` that comes early is not lost, and two of
//! them leave one token.
//!
//! - A token says nothing about why it came, and `park` may return without one. So keep a flag
//!   beside it, set the flag before `unpark`, and call `park` in a loop until the flag is set.
//! - Ready-made: a channel, or a condition variable (`condvar_wait_while`). crossbeam's `Parker`
//!   has a token of its own, which no other code takes or leaves.
//!
//! Python: nothing; the nearest is a `threading.Event` that only one thread waits for
//! Needs: nothing
//! Tested: `threading/tests/proof/park_unpark.rs`, `models/tests/threading_park.rs`
//!
//! ```console
//! $ cargo run -p threading --bin park_unpark
//! an early `unpark`: the next `park` returned at once
//! the signal was raised: the answer is 42
//! ```

use std::sync::atomic::AtomicBool;
use std::sync::atomic::Ordering::{Acquire, Release};
use std::thread::{self, Thread};

/// A signal that any thread may raise and that one thread waits for.
pub struct Signal {
    raised: AtomicBool,
    waiter: Thread,
}

impl Signal {
    /// Creates a signal that the calling thread can wait for.
    pub fn for_this_thread() -> Self {
        Self {
            raised: AtomicBool::new(false),
            waiter: thread::current(),
        }
    }

    /// Raises the signal, and wakes the thread that waits for it. Raising it twice before that
    /// thread sees it ends one wait, not two. What was written before `raise` is seen after `wait`.
    pub fn raise(&self) {
        // Release: passes on what this thread wrote before. A swap and not a store, because a store
        // would cut off what an earlier `raise` passed on and the waiter has not yet seen.
        self.raised.swap(true, Release);
        self.waiter.unpark(); // after the swap: the woken thread looks at the flag
    }

    /// Blocks the thread until the signal is raised, and lowers it.
    ///
    /// # Panics
    /// In a thread other than the one that created the signal: `raise` would not wake it.
    pub fn wait(&self) {
        let this_thread = thread::current().id();
        assert_eq!(this_thread, self.waiter.id(), "a signal of another thread");
        // Acquire: sees what was written before `raise`. Parking alone does not ensure it, since a
        // flag that is already up ends the loop without it.
        while !self.raised.swap(false, Acquire) {
            // If `raise` came after the swap, its token is there, and this returns at once.
            thread::park();
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::atomic::{AtomicU32, Ordering::Relaxed};

fn main() {
    thread::current().unpark();
    thread::park();
    println!("an early `unpark`: the next `park` returned at once");

    let answered = Signal::for_this_thread();
    let answer = AtomicU32::new(0);
    thread::scope(|scope| {
        scope.spawn(|| {
            answer.store(42, Relaxed); // Relaxed: the signal passes it on
            answered.raise();
        });
        answered.wait();
        let answer = answer.load(Relaxed);
        println!("the signal was raised: the answer is {answer}");
    });
}
