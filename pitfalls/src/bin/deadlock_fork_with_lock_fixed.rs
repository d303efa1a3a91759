//! Fixed: a child is started by fork and exec, so it begins with free locks and a pool of its own.
//!
//! Between fork and exec `Command` neither locks nor allocates, and exec replaces all memory that
//! was copied. The price: the program starts anew, in some milliseconds, and gets its input as
//! arguments or over a pipe (`cpu_across_processes`). Where that is too much, fork before the first
//! thread.
//!
//! Python: `multiprocessing.set_start_method("spawn")`, or "forkserver".
//! Broken: `deadlock_fork_with_lock_broken`
//! Needs: `cargo add rayon@1`, `cargo add nix@0.31 -F process,signal`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_fork_with_lock_fixed
//! answer with the lock: Ok(7)
//! answer from the pool: Ok(55)
//! ```

use std::process::{Child, Command, ExitCode};
use std::sync::{Mutex, TryLockError, mpsc};
use std::time::{Duration, Instant};
use std::{env, fs, io, thread};

use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use rayon::prelude::*;

/// Starts this program again, as a child that does `job` and ends with the answer as its exit
/// status. `main` has to look for `job` among its arguments first; the caller waits for the child.
pub fn start(job: &str) -> io::Result<Child> {
    Command::new(env::current_exe()?).arg(job).spawn() // FIXED: new memory, new threads
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
    if let Some(job) = env::args().nth(1) {
        return Ok(answer(&job).into());
    }
    rayon::broadcast(|_| ()); // all threads of the pool are up
    let (locked, is_locked) = mpsc::channel();
    let (unlock, may_unlock) = mpsc::channel::<()>();
    let updater = thread::spawn(move || {
        let _guard = LIMIT.lock().unwrap(); // held while the children are started
        locked.send(()).expect("main waits for it");
        may_unlock.recv() // ends when main drops the sender
    });
    is_locked.recv().expect("the updater sends");
    let children =
        [start("lock")?, start("pool")?].map(|child| Pid::from_raw(child.id().cast_signed()));
    let locked_at_fork = matches!(LIMIT.try_lock(), Err(TryLockError::WouldBlock));
    drop(unlock);
    let _: Result<(), mpsc::RecvError> = updater.join().expect("the updater does not panic");
    let free_by_now = LIMIT.try_lock().is_ok();

    let deadline = Instant::now() + Duration::from_secs(10);
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
