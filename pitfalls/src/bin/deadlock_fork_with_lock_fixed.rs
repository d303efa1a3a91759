//! Fixed: the child is a new program, with free locks and with a thread pool of its own.
//!
//! `Command` forks and then calls exec, which replaces all memory that was copied; in between it
//! neither locks nor allocates. The price: the program starts anew, which takes some milliseconds,
//! and gets its input as arguments or through a pipe (`process_pool`). Where that is too much, fork
//! before the first thread starts.
//!
//! Python: `multiprocessing.set_start_method("spawn")`, or "forkserver"
//! Broken: `deadlock_fork_with_lock_broken`
//! Needs: `cargo add rayon@1`, `cargo add nix@0.31 -F signal`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_fork_with_lock_fixed
//! the lock in the parent: Mutex { data: 7, poisoned: false, .. }
//! answer with the lock, within 10 s: Some(7)
//! answer from the pool, within 10 s: Some(55)
//! ```

use std::process::{Child, Command, ExitCode};
use std::sync::{Barrier, Mutex};
use std::{env, io, thread};

use nix::unistd::alarm;
use rayon::prelude::*;

/// How long a child may take before a signal kills it.
const LIMIT_SECONDS: u32 = 10;

static SETTING: Mutex<u8> = Mutex::new(7);

/// Starts a child that does `job` and gives its answer as its exit status.
///
/// The child is this program with `job` as its argument; `main` has to look for that first.
pub fn start(job: &str) -> io::Result<Child> {
    let program = env::current_exe()?;
    Command::new(program).arg(job).spawn() // FIXED: copies no memory, starts a program
}

/// Waits for a child and returns its answer, or `None` if a signal has killed it.
pub fn wait(mut child: Child) -> io::Result<Option<i32>> {
    let status = child.wait()?;
    Ok(status.code())
}

/// What a child does: it reads a setting, or adds up some numbers in the pool.
fn answer(job: &str) -> u8 {
    alarm::set(LIMIT_SECONDS); // a child that hangs must end, too
    if job == "setting" {
        *SETTING.lock().unwrap()
    } else {
        (1..=10).into_par_iter().sum()
    }
}

fn main() -> io::Result<ExitCode> {
    if let Some(job) = env::args().nth(1) {
        return Ok(ExitCode::from(answer(&job))); // this process is a child
    }

    rayon::broadcast(|_| ()); // now all threads of the pool are running
    let barrier = Barrier::new(2);
    let (lock_user, pool_user) = thread::scope(|scope| {
        scope.spawn(|| {
            let _setting = SETTING.lock().unwrap();
            barrier.wait(); // the lock is taken
            barrier.wait(); // both children have been started
        });
        barrier.wait();
        let children = (start("setting"), start("sum"));
        barrier.wait();
        children
    });

    println!("the lock in the parent: {SETTING:?}");
    let setting = wait(lock_user?)?;
    let sum = wait(pool_user?)?;
    println!("answer with the lock, within {LIMIT_SECONDS} s: {setting:?}");
    println!("answer from the pool, within {LIMIT_SECONDS} s: {sum:?}");
    if setting == Some(7) && sum == Some(55) {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
