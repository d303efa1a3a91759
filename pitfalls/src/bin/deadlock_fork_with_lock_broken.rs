//! Deadlock: `fork` copies a locked lock and a thread pool, but not the threads behind them.
//!
//! You see: a forked worker hangs at its first lock, `par_iter` or log line. The parent is fine.
//! Why: the child gets all memory and one thread. A lock that another thread held stays locked
//! for good, and a pool has all of its bookkeeping and none of its workers.
//! Rule: after the first thread, start processes with `Command` (fork and exec in one); what must
//! fork forks before the first thread.
//!
//! Python: `multiprocessing` with the start method "fork", once threads run (3.12 and later warn).
//! Caught by: nothing
//! Fixed: `deadlock_fork_with_lock_fixed`
//! Needs: `cargo add libc@0.2 rayon@1`, `cargo add nix@0.31 -F process,signal`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_fork_with_lock_broken
//! ? 1
//! deadlock at the lock: held at the fork, free in the parent by now; threads in the child: 1
//! deadlock in the pool: its workers are in the parent, none is here; threads in the child: 1
//! ```

use std::process::ExitCode;
use std::sync::{Mutex, TryLockError, mpsc};
use std::time::{Duration, Instant};
use std::{fs, io, thread};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use rayon::prelude::*;

/// Starts a child that does `job` and ends with the answer as its exit status. The caller waits for
/// the child.
pub fn start(job: &str) -> io::Result<Pid> {
    // SAFETY: not met, and that is the mistake: with other threads in the parent, the child may
    // call nothing that locks or allocates, and `answer` does both.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => Ok(child),
        ForkResult::Child => {
            let answer = answer(job); // BROKEN: needs threads that did not come along
            // SAFETY: ends the process at once; no destructor and no atexit handler runs.
            unsafe { libc::_exit(answer.into()) }
        }
    }
}

// Only for the demo from here on.

static LIMIT: Mutex<u8> = Mutex::new(7);

/// Answers `lock` with a setting, 7, and `pool` with a sum, 55.
fn answer(job: &str) -> u8 {
    if job == "lock" {
        *LIMIT.lock().unwrap()
    } else {
        (1..=10).into_par_iter().sum()
    }
}

fn main() -> io::Result<ExitCode> {
    rayon::broadcast(|_| ()); // all threads of the pool are up
    let (locked, is_locked) = mpsc::channel();
    let (unlock, may_unlock) = mpsc::channel::<()>();
    let updater = thread::spawn(move || {
        let _guard = LIMIT.lock().unwrap(); // held while the children are started
        locked.send(()).expect("main waits for it");
        may_unlock.recv() // ends when main drops the sender
    });
    is_locked.recv().expect("the updater sends");
    let children = [start("lock")?, start("pool")?];
    let locked_at_fork = matches!(LIMIT.try_lock(), Err(TryLockError::WouldBlock));
    drop(unlock);
    let _: Result<(), mpsc::RecvError> = updater.join().expect("the updater does not panic");
    let free_by_now = LIMIT.try_lock().is_ok();

    let deadline = Instant::now() + Duration::from_millis(300);
    let answers = [end(children[0], deadline)?, end(children[1], deadline)?];
    match answers[0] {
        Err(threads) if locked_at_fork && free_by_now => println!(
            "deadlock at the lock: held at the fork, free in the parent by now; threads in the child: {threads}"
        ),
        other => println!("answer with the lock: {other:?}"),
    }
    match answers[1] {
        Err(threads) => println!(
            "deadlock in the pool: its workers are in the parent, none is here; threads in the child: {threads}"
        ),
        other => println!("answer from the pool: {other:?}"),
    }
    Ok(if answers == [Ok(7), Ok(55)] {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Waits for a child until `deadline` and returns its exit status. One that is still there then is
/// killed and reaped: `Err`, with the number of its threads.
fn end(child: Pid, deadline: Instant) -> io::Result<Result<i32, usize>> {
    loop {
        match waitpid(child, Some(WaitPidFlag::WNOHANG))? {
            WaitStatus::StillAlive if Instant::now() < deadline => {
                thread::sleep(Duration::from_millis(5));
            }
            WaitStatus::StillAlive => break,
            WaitStatus::Exited(_, status) => return Ok(Ok(status)),
            other => return Err(io::Error::other(format!("{other:?}"))),
        }
    }
    let threads = fs::read_dir(format!("/proc/{child}/task"))?.count();
    kill(child, Signal::SIGKILL)?;
    waitpid(child, None)?;
    Ok(Err(threads))
}
