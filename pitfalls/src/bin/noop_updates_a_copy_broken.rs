//! No-op: a thread or a process changes a copy, and the original stays as it was.
//!
//! You see: a counter that is 0 after all the work, in five different ways, and no error.
//! Why: `move` copies an integer; `clone` copies the data where an `Arc` was meant; a `const` is
//! made anew wherever it is named; each thread has its own `thread_local!`; a process has its own
//! memory.
//! Rule: what is shared has one owner: a scope that lends it, an `Arc`, a `static`, or a pipe.
//!
//! Python: `hits += 1` on a global variable in a child process; `copy()` of the list in each thread
//! Caught by: rustc `const_item_interior_mutations` for the `const`, `unused_assignments` for
//! `move`; no lint for the others
//! Fixed: `noop_updates_a_copy_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_updates_a_copy_broken
//! ? 1
//! one hit each: moved 0, cloned 0, constant 0, thread-local 0, in a process 0
//! ```

#![expect(
    const_item_interior_mutations,
    unused_assignments,
    clippy::borrow_interior_mutable_const,
    clippy::declare_interior_mutable_const,
    reason = "the mistakes that this file shows"
)]

use std::cell::Cell;
use std::env;
use std::io;
use std::process::{Command, ExitCode};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

fn moved() -> u32 {
    let mut hits = 0;
    let thread = thread::spawn(move || hits += 1); // BROKEN: adds to a copy
    thread.join().unwrap();
    hits
}

fn cloned() -> u32 {
    let hits = Mutex::new(vec![0]);
    let copy = hits.lock().unwrap().clone();
    let copy = Mutex::new(copy); // BROKEN: another list, behind another lock
    let thread = thread::spawn(move || copy.lock().unwrap()[0] += 1);
    thread.join().unwrap();
    hits.lock().unwrap()[0]
}

fn constant() -> u32 {
    const HITS: AtomicU32 = AtomicU32::new(0); // BROKEN: a new one wherever it is named
    let thread = thread::spawn(|| HITS.fetch_add(1, Relaxed));
    thread.join().unwrap();
    HITS.load(Relaxed)
}

thread_local! {
    static HITS: Cell<u32> = const { Cell::new(0) };
}

fn thread_local() -> u32 {
    let thread = thread::spawn(|| HITS.set(HITS.get() + 1));
    thread.join().unwrap(); // BROKEN: that was the thread's own variable
    HITS.get()
}

fn in_a_process() -> io::Result<u32> {
    let mut child = Command::new(env::current_exe()?);
    let output = child.arg("child").output()?;
    assert!(output.status.success());
    Ok(HITS.get()) // BROKEN: the child has a memory of its own
}

fn main() -> io::Result<ExitCode> {
    if env::args().nth(1).as_deref() == Some("child") {
        HITS.set(HITS.get() + 1);
        println!("{}", HITS.get());
        return Ok(ExitCode::SUCCESS);
    }

    let [a, b, c, d] = [moved(), cloned(), constant(), thread_local()];
    let e = in_a_process()?;
    print!("one hit each: moved {a}, cloned {b}, constant {c}, ");
    println!("thread-local {d}, in a process {e}");
    if [a, b, c, d, e] == [1; 5] {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
