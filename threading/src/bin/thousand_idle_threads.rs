//! Measure what a thousand threads that wait cost the one that works: memory, and no time.
//!
//! Some guides for Python say that the system does not know which thread has work, and wastes time
//! on switching to threads that wait. It does know. A thread that waits for a lock, a channel or a
//! socket does not run until it is woken. This program counts how often the waiting threads ran.
//!
//! - Each of them needs some 9 KiB of memory, and 16 KiB in the kernel that are not counted here.
//!   The 2 MiB of its stack are only addresses until they are used.
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
//! memory of each: [..] KiB in use, [..] KiB of addresses
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
    thread::scope(|scope| {
        let memory_before = memory()?;
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
        let memory = memory()?;

        let before = other_threads()?;
        print!("one works, {THREADS} wait: ");
        print_primes();
        let after = other_threads()?;
        drop(closed);

        let ran = after.switches - before.switches;
        println!("meanwhile the {THREADS} ran {ran} times");
        let in_use = (memory.in_use - memory_before.in_use) / THREADS;
        let addresses = (memory.addresses - memory_before.addresses) / THREADS;
        println!("memory of each: {in_use} KiB in use, {addresses} KiB of addresses");
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
    /// How often one of them had the processor and gave it up.
    switches: u64,
}

/// Asks the kernel about all threads but the main thread.
fn other_threads() -> io::Result<OtherThreads> {
    let main_thread = process::id().to_string();
    let mut others = OtherThreads {
        asleep: 0,
        switches: 0,
    };
    for folder in fs::read_dir("/proc/self/task")? {
        let folder = folder?;
        if folder.file_name() == *main_thread {
            continue;
        }
        let status = fs::read_to_string(folder.path().join("status"))?;
        if value(&status, "State:") == "S" {
            others.asleep += 1;
        }
        others.switches += number(&status, "voluntary_ctxt_switches:");
        others.switches += number(&status, "nonvoluntary_ctxt_switches:");
    }
    Ok(others)
}

/// Memory of this process in KiB.
struct Memory {
    in_use: u64,
    addresses: u64,
}

fn memory() -> io::Result<Memory> {
    let status = fs::read_to_string("/proc/self/status")?;
    Ok(Memory {
        in_use: number(&status, "VmRSS:"),
        addresses: number(&status, "VmSize:"),
    })
}

/// The word behind `key`, which begins a line of a status file.
fn value<'a>(status: &'a str, key: &str) -> &'a str {
    let mut lines = status.lines();
    let line = lines.find(|line| line.starts_with(key));
    let mut words = line.unwrap_or_default().split_whitespace();
    words.nth(1).expect("the kernel writes this line")
}

fn number(status: &str, key: &str) -> u64 {
    let value = value(status, key);
    value.parse().expect("the kernel writes a number")
}
