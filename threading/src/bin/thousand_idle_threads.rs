//! Measure what a thousand threads that wait cost the one that works: memory, and no time.
//!
//! Some guides for Python say that the system does not know which thread has work, and wastes time
//! on switching to threads that wait. It does know. A thread that waits for a lock, a channel or a
//! socket does not run until it is woken. This program counts how often the waiting threads ran.
//!
//! - Each of them needs some 9 KiB of memory, and 16 KiB in the kernel that are not counted here.
//!   Its stack of 2 MiB takes memory only where it is used.
//! - What costs time is to sleep and look again. A thousand threads that look every 10 ms run a
//!   hundred thousand times a second, to see that nothing has changed.
//! - To wait for ten thousand things, use tasks: `ten_thousand_tasks`.
//!
//! Python: a `threading.Thread` that waits does not run either
//! Needs: nothing
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p threading --bin thousand_idle_threads
//! one thread works alone: 17984 primes in [..] ms
//! one works, 1000 wait: 17984 primes in [..] ms
//! meanwhile the 1000 ran 0 times
//! memory of each: [..] KiB
//! ```

use std::fs;
use std::hint::black_box;
use std::io;
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

const THREADS: u64 = 1000;

fn main() -> io::Result<()> {
    print!("one thread works alone: ");
    print_primes();

    let gate = Mutex::new(());
    let arrived = AtomicU64::new(0);
    let memory_before = memory_in_kib()?;
    thread::scope(|scope| {
        let closed = gate.lock().unwrap();
        for _ in 0..THREADS {
            scope.spawn(|| {
                arrived.fetch_add(1, Relaxed);
                drop(gate.lock().unwrap()); // waits until `closed` is dropped
            });
        }
        while arrived.load(Relaxed) < THREADS || other_threads()?.asleep < THREADS {
            thread::sleep(Duration::from_millis(10));
        }
        let memory = (memory_in_kib()? - memory_before) / THREADS;

        let before = other_threads()?;
        print!("one works, {THREADS} wait: ");
        print_primes();
        let after = other_threads()?;
        drop(closed);

        let ran = after.ran - before.ran;
        println!("meanwhile the {THREADS} ran {ran} times");
        println!("memory of each: {memory} KiB");
        Ok(())
    })
}

fn print_primes() {
    let start = Instant::now();
    let mut primes = 0;
    for number in 2..black_box(200_000_u32) {
        let is_prime = (2..=number.isqrt()).all(|divisor| number % divisor != 0);
        if is_prime {
            primes += 1;
        }
    }
    println!("{primes} primes in {} ms", start.elapsed().as_millis());
}

struct OtherThreads {
    asleep: u64,
    /// How often one of them ran until it had to wait or was interrupted.
    ran: u64,
}

/// Asks the kernel about all threads but the main thread.
fn other_threads() -> io::Result<OtherThreads> {
    let main_thread = process::id().to_string();
    let mut others = OtherThreads { asleep: 0, ran: 0 };
    for folder in fs::read_dir("/proc/self/task")? {
        let folder = folder?;
        if folder.file_name() == *main_thread {
            continue;
        }
        let status = fs::read_to_string(folder.path().join("status"))?;
        if status.contains("State:\tS") {
            others.asleep += 1;
        }
        others.ran += number(&status, "voluntary_ctxt_switches:");
        others.ran += number(&status, "nonvoluntary_ctxt_switches:");
    }
    Ok(others)
}

/// Returns how much memory of this process is in use.
fn memory_in_kib() -> io::Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    Ok(number(&status, "VmRSS:"))
}

/// Finds the line of a status file that begins with `key`, and returns its number.
fn number(status: &str, key: &str) -> u64 {
    let mut lines = status.lines();
    let line = lines.find(|line| line.starts_with(key));
    let line = line.expect("the kernel writes this line");
    let mut words = line.split_whitespace();
    let number = words.nth(1).expect("a number follows the key");
    number.parse().expect("a number follows the key")
}
