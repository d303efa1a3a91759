//! `park_unpark` under loom, which takes an ordering at its word: every order of the steps, and
//! every value that a load may see.
//!
//! Not under shuttle: its `park` may always return without a reason, so no wake-up would be missed.
//! Nobody is joined: in loom an `unpark` also ends a `join`.

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

    /// loom's own, except that others may run before the token is there: in loom the token
    /// carries what was written, and would hide that the flag does not.
    pub struct Thread(loom::thread::Thread);

    pub fn current() -> Thread {
        Thread(loom::thread::current())
    }

    impl Thread {
        pub fn id(&self) -> impl PartialEq + real_std::fmt::Debug + use<> {
            self.0.id()
        }

        pub fn unpark(&self) {
            loom::thread::yield_now();
            self.0.unpark();
        }
    }

    pub fn park_timeout(_: super::time::Duration) {
        park();
    }
}

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../threading/src/bin/park_unpark.rs"]
mod park_unpark;

use park_unpark::Signal;
use sync::atomic::AtomicUsize;

/// What was written before `raise` is seen after `wait`.
#[test]
fn one_raises() {
    loom::model(|| {
        let shared = Arc::new((Signal::for_this_thread(), AtomicUsize::new(0)));
        let other = shared.clone();
        thread::spawn(move || {
            other.1.store(1, Relaxed);
            other.0.raise();
        });
        thread::current().unpark(); // somebody else's token, which is no signal
        shared.0.wait();
        assert_eq!(shared.1.load(Relaxed), 1);
    });
}

/// Two raise, and the one who waits may see one signal for both. Then it sees both writes, or it
/// would wait here for what has come already.
#[test]
fn two_raise() {
    loom::model(|| {
        let written = [AtomicUsize::new(0), AtomicUsize::new(0)];
        let shared = Arc::new((Signal::for_this_thread(), written));
        for me in [0, 1] {
            let shared = shared.clone();
            thread::spawn(move || {
                shared.1[me].store(1, Relaxed);
                shared.0.raise();
            });
        }
        while shared.1.iter().any(|written| written.load(Relaxed) == 0) {
            shared.0.wait();
        }
    });
}
