//! Let threads compute on all cores at the same time: what a Python thread cannot do.
//!
//! Each thread below does the same work: it counts primes. CPU time divided by wall time says how
//! many cores were busy on average. With Python's GIL it stays near 1 for any number of threads,
//! because only one of them runs at a time. Here it grows with the threads, up to the number of
//! cores: on two idle cores it is about 1, 2 and 2.
//!
//! - More threads than cores gain nothing when they compute: they share the cores.
//! - `thread::available_parallelism` says how many cores the program may use. On Linux it respects
//!   `taskset` and the CPU limit of a container.
//! - To divide one job among all cores, use rayon (`rayon_map`) or `scoped_threads`.
//!
//! Python: `threading.Thread` in a free-threaded build (3.14t); with the GIL only processes do it
//! Needs: `cargo add nix@0.31 -F resource`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p threading --bin threads_use_all_cores
//! cores: [..]
//! CPU time / wall time [..], primes by thread: [41538]
//! CPU time / wall time [..], primes by thread: [41538, 41538]
//! CPU time / wall time [..], primes by thread: [41538, 41538, 41538, 41538]
//! ```

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;

fn main() -> io::Result<()> {
    println!("cores: {}", thread::available_parallelism()?);
    for count in [1, 2, 4] {
        let start = Instant::now();
        let cpu_time_at_start = cpu_time()?;

        let threads: Vec<_> = (0..count).map(|_| thread::spawn(count_primes)).collect();
        let mut primes = Vec::new();
        for thread in threads {
            primes.push(thread.join().expect("counting does not panic"));
        }

        let cpu_time = cpu_time()? - cpu_time_at_start;
        let cores_at_work = cpu_time.div_duration_f64(start.elapsed());
        println!("CPU time / wall time {cores_at_work:.1}, primes by thread: {primes:?}");
    }
    Ok(())
}

/// The CPU time of all threads of this process so far.
fn cpu_time() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let time = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(time.num_microseconds() as u64))
}

/// Counts the primes below 500 000.
fn count_primes() -> usize {
    (2..500_000).filter(|number| is_prime(*number)).count()
}

fn is_prime(number: u32) -> bool {
    let mut divisor = 2;
    while divisor * divisor <= number {
        if number.is_multiple_of(divisor) {
            return false;
        }
        divisor += 1;
    }
    true
}
