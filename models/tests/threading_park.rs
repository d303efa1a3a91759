//! `park_unpark` under loom, which takes an ordering at its word: every order of the steps, and
//! every value that a load may see.
//!
//! Not under shuttle: its `park` may return without a token at any time, so that it would not
//! notice a missing one. Nobody is joined, because in loom an `unpark` also ends a `join`.

extern crate self as std; // its `sync::atomic` and `thread` are loom's
extern crate std as real_std;

use loom::sync::Arc;
use real_std::sync::atomic::Ordering::Relaxed;

pub use real_std::*;

pub mod sync {
    pub use loom::sync::atomic;
    pub use real_std::sync::*;
}

pub mod thread {
    pub use loom::thread::{park, spawn};
    pub use real_std::thread::*;

    /// loom's own, with one difference: other threads may run before the token is there. In loom
    /// the token passes on what was written, and so would hide that the flag does not.
    pub struct Thread {
        thread: loom::thread::Thread,
    }

    pub fn current() -> Thread {
        let thread = loom::thread::current();
        Thread { thread }
    }

    impl Thread {
        pub fn id(&self) -> impl PartialEq + real_std::fmt::Debug + use<> {
            self.thread.id()
        }

        pub fn unpark(&self) {
            loom::thread::yield_now();
            self.thread.unpark();
        }
    }
}

#[allow(dead_code)]
#[path = "../../threading/src/bin/park_unpark.rs"]
mod park_unpark;

use park_unpark::Signal;
use sync::atomic::AtomicUsize;

/// What one thread waits for and the others raise.
struct Shared {
    signal: Signal,
    written: [AtomicUsize; 2],
}

impl Shared {
    fn new() -> Arc<Self> {
        Arc::new(Self {
            signal: Signal::for_this_thread(),
            written: [AtomicUsize::new(0), AtomicUsize::new(0)],
        })
    }
}

/// Starts a thread that writes, and then raises the signal.
fn write_and_raise(shared: &Arc<Shared>, writer: usize) {
    let shared = shared.clone();
    thread::spawn(move || {
        shared.written[writer].store(1, Relaxed);
        shared.signal.raise();
    });
}

#[test]
fn what_was_written_before_raise_is_seen_after_wait() {
    loom::model(|| {
        let shared = Shared::new();
        write_and_raise(&shared, 0);
        thread::current().unpark(); // a token of somebody else, which is no signal
        shared.signal.wait();
        assert_eq!(shared.written[0].load(Relaxed), 1);
    });
}

/// The thread that waits may see one signal for both. If it did not see both writes then, it would
/// wait here for a signal that has already come.
#[test]
fn of_two_that_raise_both_writes_are_seen() {
    loom::model(|| {
        let shared = Shared::new();
        write_and_raise(&shared, 0);
        write_and_raise(&shared, 1);
        for written in &shared.written {
            while written.load(Relaxed) == 0 {
                shared.signal.wait();
            }
        }
    });
}
