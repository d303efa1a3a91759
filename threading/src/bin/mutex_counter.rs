//! Count in several threads behind one lock: the number lives in the lock, not beside it.
//!
//! Use it when threads change a value that they share. The only way to the number is `lock`, which
//! returns a guard; the end of the guard is the unlock, also in an early return or a panic.
//! Forgetting to lock does not compile (E0368, E0614). A panic with the guard in hand poisons the
//! lock: whoever locks next is told so, and decides whether the value may be half changed. A number
//! cannot be, so the counter goes on. Numbers alone, with less: `atomic_statistics`. A method that
//! locks and calls another that locks: `reentrant_lock`.
//!
//! Python: `with lock: count += 1`; nothing there ties the lock to what it is for.
//! Copy: `Counter`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin mutex_counter
//! 4 threads, 100000 times each: the count is 400000, no number was given out twice
//!
//! $ cargo run -p threading --bin mutex_counter -- --threads 8 --times 1000
//! 8 threads, 1000 times each: the count is 8000, no number was given out twice
//!
//! $ cargo run -p threading --bin mutex_counter -- --threads 0
//! 0 threads, 100000 times each: the count is 0, no number was given out twice
//!
//! $ cargo run -p threading --bin mutex_counter -- --panic
//!
//! thread '<unnamed>' ([..]) panicked at threading/src/bin/mutex_counter.rs:[..]
//! with the lock in hand
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! the thread is gone, its lock is free and poisoned: `lock` returns an error with the guard in it
//! the counter looks into it and goes on: 2
//! after `clear_poison`, `lock` returns the guard as before: 2
//! ```

use std::process::ExitCode;
use std::sync::{Barrier, Mutex, PoisonError};
use std::thread;

use clap::{Parser, value_parser};

/// A count that any number of threads may raise. It may stand in a `static`.
#[derive(Debug, Default)]
pub struct Counter {
    count: Mutex<u64>,
}

impl Counter {
    /// Begins at 0.
    pub const fn new() -> Self {
        Self {
            count: Mutex::new(0),
        }
    }

    /// Adds 1 and returns what the count is then. No two calls return the same.
    pub fn next(&self) -> u64 {
        // Poisoned or not: between two numbers there is nothing that a panic could leave behind.
        let mut count = self.count.lock().unwrap_or_else(PoisonError::into_inner);
        *count += 1;
        *count
    } // the guard ends here, and the lock is free

    /// What the count is now; it may have moved on when the caller looks at it.
    pub fn get(&self) -> u64 {
        *self.count.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads count
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(..=1000))]
    threads: u16,

    /// How many times each of them counts
    #[arg(long, value_name = "N", default_value_t = 100_000,
        value_parser = value_parser!(u32).range(..=1_000_000))]
    times: u32,

    /// Let a thread panic while it holds the lock
    #[arg(long)]
    panic: bool,
}

fn main() -> ExitCode {
    let Args {
        threads,
        times,
        panic,
    } = Args::parse();
    if panic {
        return panic_with_the_lock();
    }
    let (counter, start) = (Counter::new(), Barrier::new(threads.into()));
    let mut numbers = thread::scope(|s| {
        let count = || {
            start.wait();
            (0..times).map(|_| counter.next()).collect()
        };
        let counting: Vec<_> = (0..threads).map(|_| s.spawn(count)).collect();
        let numbers = counting
            .into_iter()
            .map(|thread| thread.join().expect("no panic in there"));
        numbers.collect::<Vec<Vec<u64>>>().concat()
    });
    numbers.sort_unstable();
    let twice = numbers.windows(2).filter(|pair| pair[0] == pair[1]).count();
    let twice = if twice == 0 {
        "no number was".to_owned()
    } else {
        format!("{twice} were")
    };

    let count = counter.get();
    println!(
        "{threads} threads, {times} times each: the count is {count}, {twice} given out twice"
    );
    let expected = u64::from(threads) * u64::from(times);
    let held = count == expected && numbers.into_iter().eq(1..=expected);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn panic_with_the_lock() -> ExitCode {
    let counter = Counter::new();
    counter.next();
    let ended = thread::scope(|s| {
        let thread = s.spawn(|| {
            let _guard = counter.count.lock();
            panic!("with the lock in hand");
        });
        thread.join()
    });
    let poisoned = ended.is_err() && counter.count.lock().is_err();
    if poisoned {
        println!(
            "the thread is gone, its lock is free and poisoned: \
             `lock` returns an error with the guard in it"
        );
    }
    let next = counter.next();
    println!("the counter looks into it and goes on: {next}");

    counter.count.clear_poison();
    let healed = counter.count.lock().is_ok_and(|count| *count == next);
    if healed {
        println!("after `clear_poison`, `lock` returns the guard as before: {next}");
    }
    if poisoned && healed && next == 2 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
