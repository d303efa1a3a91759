//! Give each thread a value of its own, which no other thread can reach.
//!
//! Use it for what each thread needs for itself: a counter, a buffer, a session, a random number
//! generator. `thread_local!` makes the value when a thread first asks for it, and drops it when
//! the thread ends. It needs no lock.
//!
//! - It is not shared state. What one thread sets no other thread sees, and nobody can add up what
//!   all of them hold: let each thread return or send its value.
//! - A `Cell` fits numbers. For a session or a buffer use a `RefCell` and `with_borrow_mut`.
//! - In a pool the value belongs to the thread and not to the job: the next job finds what the last
//!   one left.
//! - The value of the main thread may never be dropped.
//! - For a value that belongs to an async task: `task_local_context`.
//!
//! Python: `threading.local()`
//! Needs: nothing
//! Tested: `threading/tests/proof/thread_local_state.rs`
//!
//! ```console
//! $ cargo run -p threading --bin thread_local_state
//! a thread has counted 1000 requests
//! a thread has counted 2000 requests
//! a thread has counted 3000 requests
//! main has counted 0 requests
//! ```

use std::cell::Cell;

thread_local! {
    static REQUESTS: Cell<u64> = const { Cell::new(0) };
}

/// Counts a request of the current thread.
pub fn count_request() {
    REQUESTS.set(REQUESTS.get() + 1);
}

/// Returns how many requests the current thread has counted.
pub fn requests() -> u64 {
    REQUESTS.get()
}

// ---- Demo ----------------------------------------------------------------------------------

use std::thread;

fn main() {
    let mut threads = Vec::new();
    for number in 1..=3 {
        let thread = thread::spawn(move || {
            for _ in 0..number * 1000 {
                count_request();
            }
            requests()
        });
        threads.push(thread);
    }

    for thread in threads {
        let counted = thread.join().expect("counting does not panic");
        println!("a thread has counted {counted} requests");
    }
    println!("main has counted {} requests", requests());
}
