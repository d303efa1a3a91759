//! Wait until the last of N jobs has ended, without a handle to any of them.
//!
//! Use it where others start the threads: a pool, a library that calls back. Each job carries a
//! clone of the `WaitGroup`; `wait` returns when all of them are dropped. That is the end of the
//! job also where it panics or the pool throws it away, so nobody can forget to say "done".
//! Ended is not succeeded, hence the count of those that were done. `wait` has no timeout, and a
//! clone left in a corner keeps it waiting forever. Where you start the threads yourself,
//! `thread::scope` does it (`scoped_threads`). For the values of the jobs, or a timeout, give
//! each a `SyncSender` instead: `recv_timeout` says when all of them are gone.
//!
//! Python: `queue.join()`, where each job must remember `queue.task_done()`.
//! Copy: `run_and_wait`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add crossbeam@0.8`
//!
//! ```console
//! $ cargo run -p threading --bin wait_group
//! 8 jobs, no handles: returned when 8 had ended, 8 done
//! one panics, one is thrown away: returned, 6 of 8 done
//!
//! $ cargo run -p threading --bin wait_group -- --jobs 0
//! 0 jobs, no handles: returned when 0 had ended, 0 done
//! ...
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{mem, panic, thread};

use clap::Parser;
use crossbeam::sync::WaitGroup;

/// Hands each of the `jobs` to `start`, which has it run somewhere, and waits until the last one
/// has ended. Returns how many were done: not counted are those that panicked and those that
/// `start` dropped.
///
/// Called from a job on the same pool, it may wait forever: it keeps a thread from the others.
/// If `start` panics, so does this, and the jobs started before run on.
pub fn run_and_wait<J: FnOnce() + Send + 'static>(
    jobs: impl IntoIterator<Item = J>,
    mut start: impl FnMut(Box<dyn FnOnce() + Send>),
) -> usize {
    let all = WaitGroup::new();
    let done = Arc::new(AtomicUsize::new(0));
    for job in jobs {
        // Taken here and not in the job: `wait` may come before the job begins.
        let (this_one, done) = (all.clone(), done.clone());
        start(Box::new(move || {
            job();
            done.fetch_add(1, Relaxed); // Relaxed: dropping the clone releases, `wait` acquires
            drop(this_one); // a panic of `job` drops it, too
        }));
    }
    all.wait();
    done.load(Relaxed)
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many jobs to run
    #[arg(long, value_name = "N", default_value_t = 8,
        value_parser = clap::value_parser!(u16).range(..=1000))]
    jobs: u16,
}

fn main() -> ExitCode {
    let jobs = usize::from(Args::parse().jobs);
    let detached = |job| drop(thread::spawn(job)); // nobody has the handle

    let ended = Arc::new(AtomicUsize::new(0));
    let of_all = (0..jobs).map(|job| {
        let ended = ended.clone();
        move || {
            let patience = Instant::now() + Duration::from_secs(2);
            while job == 0 && ended.load(Relaxed) < jobs - 1 && Instant::now() < patience {
                thread::sleep(Duration::from_millis(1)); // until all others have ended
            }
            thread::sleep(Duration::from_millis(10)); // who does not wait would be seen
            ended.fetch_add(1, Relaxed);
        }
    });
    let done = run_and_wait(of_all, detached);
    let ended = ended.load(Relaxed);
    println!("{jobs} jobs, no handles: returned when {ended} had ended, {done} done");

    let panics_or_not = (0..8).map(|job| {
        move || match job {
            7 => panic::resume_unwind(Box::new("a panic without a message on stderr")),
            _ => thread::sleep(Duration::from_millis(10)),
        }
    });
    let mut first = true;
    let some_done = run_and_wait(panics_or_not, |job| match mem::take(&mut first) {
        true => drop(job),
        false => detached(job),
    });
    println!("one panics, one is thrown away: returned, {some_done} of 8 done");
    let held = (ended, done, some_done) == (jobs, jobs, 6);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
