//! One job that computes, in every model: sequential, async, threads, rayon, processes.
//!
//! Use it to see what each model does for work that computes. Such work needs cores, and threads
//! get all of them in Rust, since no lock lets only one of them run. rayon is the first choice: it
//! changes one word of an iterator, has one thread for each core, and balances the load.
//!
//! - Async changes nothing: a job that never waits never lets another one run. It also blocks every
//!   other task of its thread meanwhile; `cpu_offload_rayon` shows the way out.
//! - Threads: one for each job is fine for twenty jobs, not for a million.
//! - Processes gain nothing over threads, and cost a start and a copy of the data. They are for
//!   isolation: `crash_isolation`.
//! - For work that waits: `io_bound_compare`. To find out which one yours is: `choose_model`.
//!
//! Python: `fib(35)` in a loop, `asyncio.gather`, `threading.Thread` (held up by the GIL),
//! `ProcessPoolExecutor().map`
//! Needs: `cargo add anyhow@1 futures@0.3 rayon@1`
//!
//! ```console
//! $ cargo run -p recipes --bin cpu_bound_compare
//! sequential: 184549300 in [..] s
//! async:      184549300 in [..] s
//! threads:    184549300 in [..] s
//! rayon:      184549300 in [..] s
//! processes:  184549300 in [..] s
//! ```

use std::env;
use std::hint::black_box;
use std::process::{Command, Stdio};
use std::thread;
use std::time::Instant;

use anyhow::{Result, ensure};
use futures::executor::block_on;
use futures::future::join_all;
use rayon::prelude::*;

const JOBS: u64 = 20;

/// What each job computes, slowly on purpose.
fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}

fn job() -> u64 {
    fib(black_box(35)) // or the compiler might notice that all jobs are the same
}

fn sequential() -> Result<u64> {
    Ok((0..JOBS).map(|_| job()).sum())
}

fn asynchronous() -> Result<u64> {
    let jobs = (0..JOBS).map(async |_| job());
    let results = block_on(join_all(jobs));
    Ok(results.iter().sum())
}

fn on_threads() -> Result<u64> {
    thread::scope(|scope| {
        let mut threads = Vec::new();
        for _ in 0..JOBS {
            let thread = thread::Builder::new();
            threads.push(thread.spawn_scoped(scope, job)?);
        }
        let mut sum = 0;
        for thread in threads {
            sum += thread.join().expect("adding does not panic");
        }
        Ok(sum)
    })
}

fn on_rayon() -> Result<u64> {
    // A pool of its own, because the global one panics where the system has no threads to give.
    let pool = rayon::ThreadPoolBuilder::new().build()?;
    Ok(pool.install(|| (0..JOBS).into_par_iter().map(|_| job()).sum()))
}

fn in_processes() -> Result<u64> {
    let mut processes = Vec::new();
    for _ in 0..JOBS {
        let mut command = Command::new(env::current_exe()?);
        command.arg(CHILD).stdout(Stdio::piped());
        processes.push(command.spawn());
    }
    let mut sum = 0;
    for process in processes {
        let output = process?.wait_with_output()?;
        ensure!(output.status.success(), "a process: {}", output.status);
        let result = String::from_utf8(output.stdout)?;
        sum += result.trim().parse::<u64>()?;
    }
    Ok(sum)
}

/// The argument that makes this program do one job and print the result.
const CHILD: &str = "--one-job";

fn main() -> Result<()> {
    if env::args().nth(1).as_deref() == Some(CHILD) {
        println!("{}", job());
        return Ok(());
    }
    compare("sequential:", sequential)?;
    compare("async:", asynchronous)?;
    compare("threads:", on_threads)?;
    compare("rayon:", on_rayon)?;
    compare("processes:", in_processes)
}

fn compare(name: &str, model: fn() -> Result<u64>) -> Result<()> {
    let start = Instant::now();
    let sum = model()?;
    let seconds = start.elapsed().as_secs_f64();
    println!("{name:11} {sum} in {seconds:.2} s");
    Ok(())
}
