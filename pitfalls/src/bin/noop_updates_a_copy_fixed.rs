//! Fixed: each of the five is shared in a way that the owner sees.
//!
//! A scoped thread borrows; clones of an `Arc` are owners of one value; a `static` exists once in
//! the process; what a thread keeps for itself it returns; a process answers on a pipe. For memory
//! that processes share see `shared_value` in multiprocessing.
//!
//! Python: one object and a lock between threads; a `Value` or a `Queue` between processes
//! Broken: `noop_updates_a_copy_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_updates_a_copy_fixed
//! one hit each: moved 1, cloned 1, constant 1, thread-local 1, in a process 1
//! ```

use std::cell::Cell;
use std::env;
use std::io;
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;

fn moved() -> u32 {
    let mut hits = 0;
    thread::scope(|scope| {
        scope.spawn(|| hits += 1); // FIXED: borrows
    });
    hits
}

fn cloned() -> u32 {
    let hits = Arc::new(Mutex::new(vec![0]));
    let copy = Arc::clone(&hits); // FIXED: another owner of the same list
    let thread = thread::spawn(move || copy.lock().unwrap()[0] += 1);
    thread.join().unwrap();
    hits.lock().unwrap()[0]
}

fn constant() -> u32 {
    static HITS: AtomicU32 = AtomicU32::new(0); // FIXED: one in the whole process
    let thread = thread::spawn(|| HITS.fetch_add(1, Relaxed));
    thread.join().unwrap();
    HITS.load(Relaxed)
}

thread_local! {
    static HITS: Cell<u32> = const { Cell::new(0) };
}

fn thread_local() -> u32 {
    let thread = thread::spawn(|| {
        HITS.set(HITS.get() + 1);
        HITS.get() // FIXED: the thread returns it
    });
    thread.join().unwrap()
}

fn in_a_process() -> io::Result<u32> {
    let mut child = Command::new(env::current_exe()?);
    let output = child.arg("child").output()?;
    let answer = String::from_utf8_lossy(&output.stdout);
    Ok(answer.trim().parse().unwrap()) // FIXED: the child answers on a pipe
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
