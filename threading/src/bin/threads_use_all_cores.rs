//! Threads compute at the same time, on all cores: what a Python thread cannot do.
//!
//! Use it when the work computes and falls into independent parts. `split` gives each thread a
//! number of its own, and here thread k takes every n-th block of candidates from the k-th on, so
//! that all have the same share of the cheap ones and of the expensive ones. (Every n-th candidate
//! would not do: of three threads, one would get nothing but multiples of 3.) One thread for each
//! core is enough: more take turns. CPU time over wall time says how many cores were really at
//! work; with the GIL it stays near 1, whatever the number of threads. A panic in one part reaches
//! the caller when the others have ended. Parts of very different size: `rayon_map`. A slice that
//! is changed in place: `scoped_threads`.
//!
//! Python: `threading.Thread` for each part: they take turns. Free-threaded builds (3.14t) do not.
//! Copy: `split` and `cpu_time`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add nix@0.31 -F resource`
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p threading --bin threads_use_all_cores
//! 1 thread at work: 78498 primes; CPU time / wall time [..]
//! [..] threads at work at the same time: 78498 primes; CPU time / wall time [..]
//! [..]
//!
//! $ taskset -c 0 cargo run -p threading --bin threads_use_all_cores -- --threads 3
//! 1 thread at work: 78498 primes; CPU time / wall time [..]
//! 3 threads at work at the same time: 78498 primes; CPU time / wall time [..]
//! one core: the threads take turns, as they do in Python on any number of cores
//! ```

use std::error::Error;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex};
use std::time::{Duration, Instant};
use std::{panic, thread};

use clap::{Parser, value_parser};
use nix::sys::resource::{UsageWho, getrusage};

/// Calls `work` in so many threads at the same time, with the number of the thread (from 0 on),
/// and returns what it returned, in the order of the numbers.
///
/// # Panics
/// With the panic of `work`, as soon as every other thread has ended. Also if the system has no
/// more threads to give.
pub fn split<R: Send>(threads: NonZeroUsize, work: impl Fn(usize) -> R + Sync) -> Vec<R> {
    let work = &work;
    thread::scope(|s| {
        let running: Vec<_> = (0..threads.get())
            .map(|k| s.spawn(move || work(k)))
            .collect();
        running
            .into_iter()
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| panic::resume_unwind(panic))
            })
            .collect()
    })
}

/// The CPU time that all threads of this process have used so far, those that have ended
/// included, in the program and in the system on its behalf.
pub fn cpu_time() -> nix::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = [usage.user_time(), usage.system_time()].map(|time| {
        let (seconds, micros) = (time.tv_sec().unsigned_abs(), time.tv_usec().unsigned_abs());
        Duration::from_secs(seconds) + Duration::from_micros(micros)
    });
    Ok(micros[0] + micros[1])
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads, at most 1000; as many as there are cores if not given, and at least 2
    #[arg(long, value_name = "N", value_parser = value_parser!(u16).range(1..=1000))]
    threads: Option<u16>,

    /// Count the primes below N
    #[arg(long, value_name = "N", default_value_t = 1_000_000,
        value_parser = value_parser!(u32).range(..=10_000_000))]
    below: u32,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Args { threads, below } = Args::parse();
    let cores = thread::available_parallelism()?.get(); // as `taskset` and containers allow
    let threads = threads.map_or(cores.max(2), usize::from);
    let threads = NonZeroUsize::new(threads).ok_or("no threads")?;

    let (alone, one, ratio) = measured(NonZeroUsize::MIN, below)?;
    println!("{one} thread at work: {alone} primes; CPU time / wall time {ratio:.2}");
    let (together, met, ratio) = measured(threads, below)?;
    println!(
        "{met} threads at work at the same time: {together} primes; CPU time / wall time {ratio:.2}"
    );
    match cores {
        1 => println!(
            "one core: the threads take turns, as they do in Python on any number of cores"
        ),
        _ => println!(
            "{cores} cores: the ratio can reach {}",
            cores.min(threads.get())
        ),
    }
    let held = together == alone && met == threads.get();
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// How many primes there are, how many threads were in the middle of counting them at the same
/// time, and how many cores were at work on average.
fn measured(threads: NonZeroUsize, below: u32) -> nix::Result<(usize, usize, f64)> {
    let (here, came, begun) = (Mutex::new(0), Condvar::new(), Instant::now());
    let cpu = cpu_time()?;
    let primes = split(threads, |k| {
        // Every n-th block of 1024 numbers, from the k-th on; the odd ones of it.
        let blocks = (1024 * k as u32 + 1..below).step_by(1024 * threads.get());
        let mut mine = blocks.flat_map(|from| (from..below.min(from + 1024)).step_by(2));
        let first = mine.next().is_some_and(is_prime);
        let mut here = here.lock().unwrap(); // nothing panics under this lock
        let patience = Duration::from_secs(2).saturating_sub(begun.elapsed());
        if !patience.is_zero() {
            *here += 1; // in the middle of its work, and nobody goes on before all are
            came.notify_all();
            drop(came.wait_timeout_while(here, patience, |here| *here < threads.get()));
        }
        usize::from(first) + mine.filter(|&n| is_prime(n)).count()
    });
    let (wall, cpu) = (begun.elapsed(), cpu_time()? - cpu);
    let met = here.into_inner().unwrap();
    let two = usize::from(below > 2);
    Ok((
        primes.iter().sum::<usize>() + two,
        met,
        cpu.div_duration_f64(wall),
    ))
}

/// Whether an odd number is a prime.
fn is_prime(odd: u32) -> bool {
    odd > 1
        && (3..)
            .step_by(2)
            .take_while(|d| d * d <= odd)
            .all(|d| !odd.is_multiple_of(d))
}
