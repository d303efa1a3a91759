//! Deadlock: `fork` copies a locked lock and a thread pool, but not the threads behind them.
//!
//! You see: a forked worker hangs at a lock, in rayon or at a log line. The parent is fine.
//! Why: the child gets a copy of all memory, and one thread. A lock that another thread held at
//! that moment stays locked in the child forever, also that of stdout or of a logger. A rayon pool
//! has its queues and none of its workers: a `par_iter` over two or more items waits for them.
//! (Over one item it needs no worker, so a small test passes.)
//! Rule: a program that has threads starts processes with `Command`, or forks before its first
//! thread.
//!
//! Python: `multiprocessing` with the start method "fork"; since 3.12 there is a warning: "This
//! process (pid=1234) is multi-threaded, use of fork() may lead to deadlocks in the child."
//! Caught by: nothing
//! Fixed: `deadlock_fork_with_lock_fixed`
//! Needs: `cargo add libc@0.2 rayon@1`, `cargo add nix@0.31 -F process,signal`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_fork_with_lock_broken
//! ? 1
//! the lock in the parent: Mutex { data: 7, poisoned: false, .. }
//! answer with the lock, within 1 s: None
//! answer from the pool, within 1 s: None
//! ```

use std::io;
use std::process::ExitCode;
use std::sync::{Barrier, Mutex};
use std::thread;

use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, alarm, fork};
use rayon::prelude::*;

/// How long a child may take before a signal kills it.
const LIMIT_SECONDS: u32 = 1;

static SETTING: Mutex<u8> = Mutex::new(7);

/// Starts a child that does `job` and gives its answer as its exit status.
pub fn start(job: &str) -> io::Result<Pid> {
    // SAFETY: not met, and that is the mistake: the parent has other threads, so the child may call
    // nothing that locks or allocates, and `answer` does both.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let answer = answer(job); // BROKEN: needs threads that were not copied
            // SAFETY: ends the process at once; it runs no destructor and no exit handler.
            unsafe { libc::_exit(answer.into()) }
        }
    }
}

/// Waits for a child and returns its answer, or `None` if a signal has killed it.
pub fn wait(child: Pid) -> io::Result<Option<i32>> {
    match waitpid(child, None)? {
        WaitStatus::Exited(_, answer) => Ok(Some(answer)),
        _ => Ok(None),
    }
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
