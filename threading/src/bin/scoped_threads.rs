//! Work on the parts of a `Vec` in several threads that borrow it: no `Arc`, no lock, no copy.
//!
//! Use it when the threads end before the function returns, which is most of the time.
//! `thread::scope` joins every thread before it returns, so they may borrow what lives on the
//! stack. `chunks_mut` cuts the slice into parts that do not overlap, so each thread may change
//! its own; two threads with the same part do not compile (E0499). A panic in one part reaches
//! the caller with its own message, after the other parts have ended. For CPU work in many
//! uneven parts, rayon's `par_chunks_mut` balances better.
//!
//! Python: `ThreadPoolExecutor().map(work, parts)`; nothing there keeps the parts apart.
//! Copy: `map_parts`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin scoped_threads
//! 4 threads: squares add up to 333833500, in turn to 333833500
//! the Vec is still ours, changed in place: [1, 4, 9, 16], last Some(1000000)
//!
//! $ cargo run -p threading --bin scoped_threads -- --numbers 2 --threads 8
//! 2 threads: squares add up to 5, in turn to 5
//! the Vec is still ours, changed in place: [1, 4], last Some(4)
//!
//! $ cargo run -p threading --bin scoped_threads -- --numbers 0
//! 0 threads: squares add up to 0, in turn to 0
//! the Vec is still ours, changed in place: [], last None
//!
//! $ cargo run -p threading --bin scoped_threads -- --panic
//!
//! thread '<unnamed>' ([..]) panicked at threading/src/bin/scoped_threads.rs:[..]
//! no square of 1001
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! the caller saw the panic: no square of 1001
//! the other parts had ended by then: 750 of 1000 numbers are squared
//! ```

use std::num::NonZeroUsize;
use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::thread;

use clap::{Parser, value_parser};

/// Cuts `items` into at most `threads` parts of equal length (the last may be shorter), calls
/// `work` on each in a thread of its own, and returns what it returned, in the order of the
/// parts. No items: no parts, and no threads.
///
/// # Panics
/// With the panic of `work`, as soon as every other part has ended. Also if the system has no
/// more threads to give.
pub fn map_parts<T, R>(
    items: &mut [T],
    threads: NonZeroUsize,
    work: impl Fn(&mut [T]) -> R + Sync,
) -> Vec<R>
where
    T: Send,
    R: Send,
{
    let size = items.len().div_ceil(threads.get()).max(1); // chunks_mut refuses 0
    let work = &work;
    thread::scope(|s| {
        let parts = items.chunks_mut(size);
        // Collected, or each thread would start only when the one before it has been joined.
        let running: Vec<_> = parts.map(|part| s.spawn(move || work(part))).collect();
        running
            .into_iter()
            // Left to the scope, the message would be "a scoped thread panicked".
            .map(|thread| {
                thread
                    .join()
                    .unwrap_or_else(|panic| panic::resume_unwind(panic))
            })
            .collect()
    })
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads at most
    #[arg(long, value_name = "N", default_value = "4")]
    threads: NonZeroUsize,

    /// Square the numbers from 1 to N
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = value_parser!(u32).range(..=1_000_000))]
    numbers: u32,

    /// Let the part with 1001 in it panic
    #[arg(long)]
    panic: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    if args.panic {
        return panic_in_a_part(args.threads);
    }
    let mut numbers: Vec<u64> = (1..=args.numbers.into()).collect();
    let in_turn: u64 = numbers.iter().map(|n| n * n).sum();

    let sums: Vec<u64> = map_parts(&mut numbers, args.threads, |part| {
        part.iter_mut().for_each(|n| *n *= *n);
        part.iter().sum()
    });

    let total: u64 = sums.iter().sum();
    println!(
        "{} threads: squares add up to {total}, in turn to {in_turn}",
        sums.len()
    );
    let shown = &numbers[..numbers.len().min(4)];
    println!(
        "the Vec is still ours, changed in place: {shown:?}, last {:?}",
        numbers.last()
    );
    if total == in_turn {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn panic_in_a_part(threads: NonZeroUsize) -> ExitCode {
    let mut numbers: Vec<u64> = (2..=1001).collect();
    let squared = panic::catch_unwind(AssertUnwindSafe(|| {
        map_parts(&mut numbers, threads, |part| {
            assert!(!part.contains(&1001), "no square of 1001");
            part.iter_mut().for_each(|n| *n *= *n);
        })
    }));
    let message = squared
        .as_ref()
        .err()
        .and_then(|panic| panic.downcast_ref::<&str>());
    println!("the caller saw the panic: {}", message.unwrap_or(&"none"));
    let done = numbers
        .iter()
        .zip(2..)
        .filter(|&(&n, was)| n == was * was)
        .count();
    println!("the other parts had ended by then: {done} of 1000 numbers are squared");
    if message == Some(&"no square of 1001") {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
