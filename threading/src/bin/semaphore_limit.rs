//! Let at most N threads at a time do something: a semaphore by hand, with permits that return.
//!
//! Use it before what takes only so many at once: a server, a disk, memory. A permit is a value:
//! dropping it gives it back, even when its holder panics or returns early, so nobody can give back
//! twice or forget to. Whoever waits looks again after each wake-up, so a wake-up without a reason
//! lets nobody in. It is not fair: a thread that asks at the moment when a permit comes back may
//! take it before the one that has been woken for it, who then waits on. Nobody is left asleep
//! beside a free permit, but under a steady rush one may wait long. Permits in the order asked:
//! tokio's `Semaphore`. Tokens that a `select!` can wait for: `crossbeam::channel::bounded`. A pool
//! of N workers needs no semaphore: `thread_pool`.
//!
//! Python: `threading.BoundedSemaphore(2)`, `with semaphore:`, `acquire(timeout=1)`.
//! Copy: `Semaphore` and `Permit`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin semaphore_limit
//! 10 threads, 2 permits: 2 at once at most, 10 done
//! all permits taken: one more now: none; within 10 ms: none
//! a holder panicked, its permit is back: 2 of 2 free
//!
//! $ cargo run -p threading --bin semaphore_limit -- --threads 3 --permits 8
//! 3 threads, 8 permits: 3 at once at most, 3 done
//! ...
//!
//! $ cargo run -p threading --bin semaphore_limit -- --permits 0
//! ? 2
//! error: invalid value '0' for '--permits <N>': number would be zero for non-zero type
//! ...
//! ```

use std::num::NonZeroU16;
use std::panic;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU16, Ordering::Relaxed};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};

/// A number of permits, for any number of threads. It may stand in a `static`.
pub struct Semaphore {
    free: Mutex<usize>,
    given_back: Condvar,
}

/// The right to be one of them, until it is dropped.
#[must_use = "the permit goes back at once"]
pub struct Permit<'a>(&'a Semaphore);

impl Semaphore {
    /// A semaphore with that many permits. With none, everybody would wait forever.
    pub const fn new(permits: NonZeroU16) -> Self {
        Self {
            free: Mutex::new(permits.get() as usize),
            given_back: Condvar::new(),
        }
    }

    /// Takes a permit, and waits while there is none. A thread that holds one and asks for
    /// another may wait forever, as with a lock.
    pub fn acquire(&self) -> Permit<'_> {
        let free = self.free.lock().unwrap(); // nothing panics under this lock
        *self.given_back.wait_while(free, |free| *free == 0).unwrap() -= 1;
        Permit(self)
    }

    /// Takes a permit if one is free now.
    pub fn try_acquire(&self) -> Option<Permit<'_>> {
        let mut free = self.free.lock().unwrap();
        *free = free.checked_sub(1)?;
        Some(Permit(self))
    }

    /// Takes a permit, and waits for one at most `limit`.
    pub fn acquire_timeout(&self, limit: Duration) -> Option<Permit<'_>> {
        let free = self.free.lock().unwrap();
        let (mut free, _) = self
            .given_back
            .wait_timeout_while(free, limit, |free| *free == 0)
            .unwrap();
        *free = free.checked_sub(1)?;
        Some(Permit(self))
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        // Also during a panic: a lock taken then is not poisoned when it is released.
        *self.0.free.lock().unwrap() += 1;
        self.0.given_back.notify_one(); // one permit, one thread; each permit says so itself
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads want a permit
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = value_parser!(u16).range(..=1000))]
    threads: u16,

    /// How many may have one at once
    #[arg(long, value_name = "N", default_value = "2")]
    permits: NonZeroU16,
}

fn main() -> ExitCode {
    let Args { threads, permits } = Args::parse();
    let semaphore = &Semaphore::new(permits);
    let expected = threads.min(permits.get());
    let (now, most, done) = (&AtomicU16::new(0), &AtomicU16::new(0), &AtomicU16::new(0));
    thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                let _permit = semaphore.acquire();
                most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
                let patience = Instant::now() + Duration::from_secs(2);
                while most.load(Relaxed) < expected && Instant::now() < patience {
                    thread::sleep(Duration::from_millis(1)); // until as many as may are here
                }
                thread::sleep(Duration::from_millis(5)); // one too many would be seen
                now.fetch_sub(1, Relaxed);
                done.fetch_add(1, Relaxed);
            });
        }
    });
    let (most, done) = (most.load(Relaxed), done.load(Relaxed));
    println!("{threads} threads, {permits} permits: {most} at once at most, {done} done");

    let mut all: Vec<_> = (0..permits.get()).map(|_| semaphore.acquire()).collect();
    let limit = Duration::from_millis(10);
    let more = [semaphore.try_acquire(), semaphore.acquire_timeout(limit)];
    let [now, later] = more
        .each_ref()
        .map(|p| if p.is_some() { "a permit" } else { "none" });
    println!("all permits taken: one more now: {now}; within 10 ms: {later}");

    let permit = all.pop();
    let panicked = thread::scope(|s| {
        let holder = s.spawn(|| {
            let _permit = permit;
            panic::resume_unwind(Box::new("a panic without a message on stderr"))
        });
        holder.join().is_err()
    });
    drop(all);
    let free = *semaphore.free.lock().unwrap();
    println!("a holder panicked, its permit is back: {free} of {permits} free");
    let held = (most, done, free) == (expected, threads, permits.get().into())
        && (now, later, panicked) == ("none", "none", true);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
