//! Stop a parallel loop at the first error, keep what is done by then, and show a progress bar.
//!
//! Use it for long work on many items where one error spoils the rest, such as a full disk.
//! `until_error` wraps the work for a `map`, serial or parallel. After an error or a panic, or
//! when somebody else sets `stop`, such as a Ctrl-C, no item is started any more. What runs
//! already runs to its end: no thread can be stopped from outside, so there may be more than one
//! error. The results stand in the order of the items: done, failed, or never started.
//! `with_max_len(1)` makes each item a job of its own, so that none waits behind a slow one. The
//! bar is on stderr, and only if that is a terminal. Where half of the results is of no use,
//! `collect` into a `Result` stops in the same way, and drops what it has. Errors that concern
//! their own item only: a plain `map` to `Result`s, as in `rayon_map`.
//!
//! Python: `wait(futures, return_when=FIRST_EXCEPTION)`, then `future.cancel()`; `tqdm`.
//! Copy: `until_error`.
//! Needs: `cargo add clap@4 -F derive`, `cargo add indicatif@0.18 rayon@1`
//!
//! ```console
//! $ cargo run -p threading --bin rayon_errors_progress
//! in turn:   10 done, 1 failed, 989 never started; the bar: 11
//! 2 workers: 11 done, 1 failed, 988 never started; the bar: 12
//! all or nothing, from the same results: Err("a bad item")
//!
//! $ cargo run -p threading --bin rayon_errors_progress -- --workers 4 --good 0
//! in turn:   0 done, 1 failed, 999 never started; the bar: 1
//! 4 workers: 3 done, 1 failed, 996 never started; the bar: 4
//! ...
//!
//! $ cargo run -p threading --bin rayon_errors_progress -- --good 1000
//! in turn:   1000 done, 0 failed, 0 never started; the bar: 1000
//! 2 workers: 1000 done, 0 failed, 0 never started; the bar: 1000
//! all or nothing, from the same results: Ok(1000)
//!
//! $ cargo run -p threading --bin rayon_errors_progress -- --panic
//! in turn:   10 done, 1 failed, 989 never started; the bar: 11
//!
//! thread '<unnamed>' ([..]) panicked at threading/src/bin/rayon_errors_progress.rs:[..]
//! a bad item
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! the caller saw the panic; 12 of 1000 were started
//! ```

use std::panic::{self, AssertUnwindSafe};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::time::{Duration, Instant};
use std::{error::Error, mem, thread};

use clap::{Parser, value_parser};
use indicatif::ProgressBar;
use rayon::prelude::*;

/// Wraps `work` for the `map` of an iterator, serial or parallel: calls it for each item until
/// `stop` is set, and sets that when `work` fails or panics. `bar` moves with each item that has
/// ended. `None`: never started.
pub fn until_error<T, R, E>(
    stop: &AtomicBool,
    bar: &ProgressBar,
    work: impl Fn(T) -> Result<R, E>,
) -> impl Fn(T) -> Option<Result<R, E>> {
    struct Stop<'a>(&'a AtomicBool);
    impl Drop for Stop<'_> {
        fn drop(&mut self) {
            self.0.store(true, Relaxed); // nobody reads anything else on the strength of it
        }
    }
    move |item| {
        if stop.load(Relaxed) {
            return None;
        }
        let unless_done = Stop(stop); // dropped by a panic as well
        let result = work(item);
        if result.is_ok() {
            mem::forget(unless_done);
        }
        bar.inc(1);
        Some(result)
    }
}

// Only for the demo from here on.

const ITEMS: usize = 1000;
type Results = [Option<Result<usize, &'static str>>];

#[derive(Parser)]
struct Args {
    /// How many threads the pool has; rayon's own has as many as there are cores
    #[arg(long, value_name = "N", default_value = "2")]
    workers: std::num::NonZeroU8,

    /// How many items are started before the one that fails
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = value_parser!(u16).range(..=1000))]
    good: u16,

    /// Let it panic instead, on the workers
    #[arg(long)]
    panic: bool,
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let Args {
        workers,
        good,
        panic,
    } = Args::parse();
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(workers.get().into())
        .build()?;

    let (job, bar) = (Job::new(good, 1), ProgressBar::new(ITEMS as u64));
    let work = until_error(&job.stop, &bar, |item| job.work(item));
    let results: Vec<_> = (0..ITEMS).map(work).collect();
    let mut held = job.report("in turn:  ", &results, &bar);

    let (job, bar) = (
        Job::new(good, workers.get()),
        ProgressBar::new(ITEMS as u64),
    );
    let work = |item| job.work(item).inspect_err(|why| assert!(!panic, "{why}"));
    let work = until_error(&job.stop, &bar, work);
    let trying = || {
        pool.install(|| {
            (0..ITEMS)
                .into_par_iter()
                .with_max_len(1)
                .map(work)
                .collect()
        })
    };
    let Ok::<Vec<_>, _>(results) = panic::catch_unwind(AssertUnwindSafe(trying)) else {
        bar.finish_and_clear();
        println!(
            "the caller saw the panic; {:?} of {ITEMS} were started",
            job.started
        );
        held &= panic && job.started.load(Relaxed) == job.good + job.in_hand;
        return Ok(if held {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        });
    };
    held &= job.report(&format!("{workers} workers:"), &results, &bar);
    let all: Result<Vec<_>, _> = results.into_iter().flatten().collect();
    println!(
        "all or nothing, from the same results: {:?}",
        all.map(|all| all.len())
    );
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Work that fails for one item: the next to start after so many good ones.
struct Job {
    good: usize,
    in_hand: usize,
    started: AtomicUsize,
    stop: AtomicBool,
    begun: Instant,
}

impl Job {
    fn new(good: u16, workers: u8) -> Self {
        let in_hand = usize::from(workers).min(ITEMS - usize::from(good)); // when it fails
        let (started, stop) = (0.into(), false.into());
        Self {
            good: good.into(),
            in_hand,
            started,
            stop,
            begun: Instant::now(),
        }
    }

    fn work(&self, item: usize) -> Result<usize, &'static str> {
        let before = self.started.fetch_add(1, Relaxed);
        let is_bad = before == self.good;
        let may_end = || match is_bad {
            true => self.started.load(Relaxed) == self.good + self.in_hand,
            false => before < self.good || self.stop.load(Relaxed),
        };
        while !may_end() && self.begun.elapsed() < Duration::from_secs(2) {
            thread::sleep(Duration::from_millis(1));
        }
        if is_bad { Err("a bad item") } else { Ok(item) }
    }

    /// Prints what became of the items, and returns whether it is as it should be.
    fn report(&self, who: &str, results: &Results, bar: &ProgressBar) -> bool {
        let ended = results.iter().flatten().count();
        let done = results.iter().flatten().flatten().count();
        let (failed, never, at) = (ended - done, ITEMS - ended, bar.position());
        bar.finish_and_clear(); // or the next line would stand behind it
        println!("{who} {done} done, {failed} failed, {never} never started; the bar: {at}");
        (ended, failed) == (self.good + self.in_hand, self.in_hand.min(1)) && at == ended as u64
    }
}
