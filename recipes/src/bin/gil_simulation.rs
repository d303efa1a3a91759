//! See what one global lock does to threads: their waits overlap, their work does not.
//!
//! Use it to understand Python's GIL, and what becomes possible without it. A thread works only
//! while it holds the lock. Before a wait it lets the lock go, and takes it again afterward:
//! CPython does so around every blocking call. So threads help a Python program that waits, and not
//! one that computes.
//!
//! - Rust has no such lock. Threads share what its type allows (`Mutex`, `Arc`), and everything
//!   else runs on all cores: `threads_use_all_cores`.
//! - A lock that is held during a wait stops the others: they neither work nor wait meanwhile. A C
//!   extension that keeps the GIL does this, and so does Rust code that holds a `Mutex` too long.
//! - A C library that allows one thread at a time gets a global `Mutex` like this one.
//!
//! Python: the GIL, `Py_BEGIN_ALLOW_THREADS`; `python3.14t` is built without it
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p recipes --bin gil_simulation
//! 4 threads, one global lock
//! working: at most 1 at once
//! waiting: 4 at once
//! ```

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread;
use std::time::Duration;

const THREADS: usize = 4;

static GIL: Mutex<()> = Mutex::new(());

/// Counts how many threads are inside at once.
#[derive(Default)]
struct AtOnce {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl AtOnce {
    fn enter(&self) {
        // Relaxed: a count that stands for itself. It is printed after the threads have ended.
        let now = self.now.fetch_add(1, Relaxed) + 1;
        self.most.fetch_max(now, Relaxed);
    }

    fn leave(&self) {
        self.now.fetch_sub(1, Relaxed);
    }
}

fn main() {
    let working = AtOnce::default();
    let waiting = AtOnce::default();
    let everybody_waits = Barrier::new(THREADS);

    thread::scope(|scope| {
        for _ in 0..THREADS {
            scope.spawn(|| {
                let gil = GIL.lock().unwrap();
                working.enter();
                thread::sleep(Duration::from_millis(10)); // stands for work
                working.leave();
                drop(gil);

                waiting.enter();
                everybody_waits.wait(); // goes on only when all threads wait
                waiting.leave();

                let _gil = GIL.lock().unwrap();
                working.enter();
                thread::sleep(Duration::from_millis(10));
                working.leave();
            });
        }
    });

    println!("{THREADS} threads, one global lock");
    println!("working: at most {} at once", working.most.into_inner());
    println!("waiting: {} at once", waiting.most.into_inner());
}
