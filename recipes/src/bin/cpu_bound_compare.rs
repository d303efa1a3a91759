//! One job that computes, in every model: in turn, async, on threads, in a pool, in processes.
//!
//! Work that computes wants cores. Threads have them all in Rust: no lock lets only one of them
//! run. A pool such as rayon's is the first choice, `(0..jobs).into_par_iter().map(work)`: its
//! threads are there already, and it splits a job as well as a list of jobs. Processes gain nothing
//! more and cost a start and a copy of the data; they are for isolation. Async adds nothing to work
//! that never waits: the sum is the same, on one core, with an allocation for each awaited call,
//! and nothing else runs on that thread. The sums are checked. `cores` is CPU time over wall time,
//! for you to look at like the times: above 1.0 more than one core was busy. A panic in a job
//! reaches the caller, after the other threads have done the rest. For work that waits:
//! `io_bound_compare`.
//!
//! Python: `fib` in a loop, with `await`, in `threading` (one core: the GIL), in `Pool.map`.
//! Needs: `cargo add anyhow@1 futures@0.3 rayon@1`, `cargo add clap@4 -F derive`,
//! `cargo add nix@0.31 -F resource`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p recipes --bin cpu_bound_compare
//! in turn    184549300 [..] cores [..] s
//! async      184549300 [..] cores [..] s
//! threads    184549300 [..] cores [..] s
//! rayon      184549300 [..] cores [..] s
//! processes  184549300 [..] cores [..] s
//!
//! $ cargo run -p recipes --bin cpu_bound_compare -- --number 20 --jobs 3 --workers 8
//! in turn        20295 [..] cores [..] s
//! async          20295 [..] cores [..] s
//! threads        20295 [..] cores [..] s
//! rayon          20295 [..] cores [..] s
//! processes      20295 [..] cores [..] s
//!
//! $ cargo run -p recipes --bin cpu_bound_compare -- --number 1000
//! ? 2
//! error: invalid value '1000' for '--number <N>': 1000 is not in [..]45
//! ...
//! ```

use std::hint::black_box;
use std::io::{self, Write, stdout};
use std::num::NonZeroUsize;
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;
use std::{env, iter, panic, thread};

use anyhow::{Result, ensure};
use clap::{Parser, value_parser};
use futures::{executor::block_on, future::join_all};
use nix::sys::resource::{UsageWho, getrusage};
use rayon::iter::{IntoParallelIterator, ParallelIterator};

/// Calls `work` with each number below `jobs`, on so many threads, each of which takes the next
/// one that is left, and returns what it returned, in the order of the numbers. They may index a
/// slice: `on_threads(items.len(), threads, |n| f(&items[n]))`.
///
/// # Panics
/// With the panic of `work`: its thread is lost, the others go on to the end of the list. Also if
/// the system has no more threads to give.
pub fn on_threads<R: Send>(
    jobs: usize,
    threads: NonZeroUsize,
    work: impl Fn(usize) -> R + Sync,
) -> Vec<R> {
    let next = AtomicUsize::new(0); // Relaxed: each number is taken once, nothing else hangs on it
    let take = || Some(next.fetch_add(1, Relaxed)).filter(|&job| job < jobs);
    let run = || {
        iter::from_fn(take)
            .map(|job| (job, work(job)))
            .collect::<Vec<_>>()
    };
    let mut results: Vec<_> = thread::scope(|s| {
        let running: Vec<_> = (0..threads.get().min(jobs)).map(|_| s.spawn(run)).collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended
            .flat_map(|it| it.unwrap_or_else(|panic| panic::resume_unwind(panic)))
            .collect()
    });
    results.sort_unstable_by_key(|&(job, _)| job);
    results.into_iter().map(|(_, result)| result).collect()
}

/// Computes Fibonacci numbers in every model.
#[derive(Parser)]
struct Args {
    /// Which Fibonacci number each job computes
    #[arg(long, value_name = "N", default_value = "35", value_parser = value_parser!(u64).range(..=45))]
    number: u64,

    /// How many times to compute it
    #[arg(long, value_name = "N", default_value_t = 20)]
    jobs: usize,

    /// How many threads, and processes [default: one for each core]
    #[arg(long, value_name = "N")]
    workers: Option<NonZeroUsize>,

    /// Print the sum of all jobs, and nothing else: the program starts itself with it
    #[arg(long, hide = true)]
    child: bool,
}

fn main() -> Result<ExitCode> {
    let Args {
        number: n,
        jobs,
        workers,
        child,
    } = Args::parse();
    let job = || fib(black_box(n)); // or the compiler may see that all jobs are one
    if child {
        writeln!(stdout(), "{}", (0..jobs).map(|_| job()).sum::<u64>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let workers = workers.map_or_else(thread::available_parallelism, Ok)?;
    let mut rows = Vec::new();
    for model in ["in turn", "async", "threads", "rayon", "processes"] {
        let (start, cpu) = (Instant::now(), cpu_seconds()?);
        let sum = match model {
            "in turn" => (0..jobs).map(|_| job()).sum(),
            "async" => block_on(join_all((0..jobs).map(|_| fib_async(n))))
                .into_iter()
                .sum(),
            "threads" => on_threads(jobs, workers, |_| job()).into_iter().sum(),
            "rayon" => (0..jobs).into_par_iter().map(|_| job()).sum(),
            _ => in_processes(jobs, workers.get(), n)?,
        };
        let (took, cpu) = (
            start.elapsed().as_secs_f64().max(1e-6),
            cpu_seconds()? - cpu,
        );
        rows.push((model, sum, cpu / took, took));
    }
    let longest = rows.iter().map(|row| row.3).fold(0.0, f64::max);
    for (model, sum, cores, took) in &rows {
        let bar = "█".repeat((took / longest * 30.0) as usize);
        writeln!(
            stdout(),
            "{model:<9} {sum:>10} {bar:<30} {cores:.1} cores {took:.2} s"
        )?;
    }
    let expected = jobs as u64 * (0..n).fold((0, 1), |(a, b), _| (b, a + b)).0; // the quick way
    let held = rows.iter().all(|row| row.1 == expected);
    let ordered = on_threads(jobs, workers, |nth| (black_box(job()), nth).1);
    Ok(if held && ordered.into_iter().eq(0..jobs) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The slow way, on purpose.
fn fib(n: u64) -> u64 {
    if n < 5 {
        [0, 1, 1, 2, 3][n as usize]
    } else {
        fib(n - 1) + fib(n - 2)
    }
}

/// The same with an `await` in each call of 20 and more: in all 140 million it would take long.
async fn fib_async(n: u64) -> u64 {
    if n < 20 {
        return fib(n);
    }
    Box::pin(fib_async(n - 1)).await + Box::pin(fib_async(n - 2)).await
}

fn in_processes(jobs: usize, processes: usize, n: u64) -> Result<u64> {
    let start = |nth| -> io::Result<_> {
        let share = jobs / processes + usize::from(nth < jobs % processes);
        let mut command = Command::new(env::current_exe()?);
        command
            .arg("--child")
            .arg(format!("--number={n}"))
            .arg(format!("--jobs={share}"));
        command.stdout(Stdio::piped()).spawn()
    };
    let running: Vec<_> = (0..processes.min(jobs)).map(start).collect();
    // Whoever fails, all are waited for.
    let ended: Vec<_> = running
        .into_iter()
        .map(|child| child?.wait_with_output())
        .collect();
    let sums = ended.into_iter().map(|output| {
        let output = output?;
        ensure!(
            output.status.success(),
            "a process failed: {}",
            output.status
        );
        Ok(String::from_utf8(output.stdout)?.trim().parse::<u64>()?)
    });
    sums.sum()
}

/// The CPU time of this process, and of its children that have ended.
fn cpu_seconds() -> Result<f64> {
    let own = getrusage(UsageWho::RUSAGE_SELF)?.user_time();
    let all = own + getrusage(UsageWho::RUSAGE_CHILDREN)?.user_time();
    Ok(all.tv_sec() as f64 + all.tv_usec() as f64 / 1e6)
}
