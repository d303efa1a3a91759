//! Give each thread a value of its own: made when it first asks, dropped when the thread ends.
//!
//! Use it for what is costly to make and must not be shared: a session, a buffer, a random number
//! generator. No lock is needed, since no other thread can reach it. It is not shared state: what
//! main sets no thread sees, and there is no way to add up what all of them hold; they send it, or
//! return it. The value dies with its thread, before `join` returns (but not before the end of a
//! `thread::scope` that was not joined by hand); main's may not be dropped at all. In a pool it
//! belongs to the thread and not to the job: the next job finds what the last one left.
//!
//! Python: `threading.local()`, with `hasattr` to make the value on first use.
//! Copy: `SESSION` and `with_session`, with a session of your own.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin thread_local_state
//! requests seen by each of 4 threads: [1000, 1000, 1000, 1000]; by main: 0
//! sessions: 5 opened, one of them by main; 4 closed, with their threads
//! main made 7 requests, a new thread sees 0 of them
//!
//! $ cargo run -p threading --bin thread_local_state -- --threads 0
//! requests seen by each of 0 threads: []; by main: 0
//! sessions: 1 opened, one of them by main; 0 closed, with their threads
//! main made 7 requests, a new thread sees 0 of them
//! ```

use std::cell::RefCell;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier};
use std::thread::{self, JoinHandle};

use clap::{Parser, value_parser};

thread_local! {
    static SESSION: RefCell<Session> = RefCell::new(Session::open());
}

/// Calls `work` with the session of this thread, which is opened first if there is none yet, and
/// returns what it returned.
///
/// # Panics
/// If `work` calls `with_session` itself: there is one session, and it is lent out. Also in the
/// destructor of another thread-local value, if the session is gone by then.
pub fn with_session<R>(work: impl FnOnce(&mut Session) -> R) -> R {
    SESSION.with_borrow_mut(work)
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads make requests
    #[arg(long, value_name = "N", default_value_t = 4,
        value_parser = value_parser!(u16).range(..=1000))]
    threads: u16,

    /// How many requests each of them makes
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = value_parser!(u32).range(..=1_000_000))]
    requests: u32,
}

// Relaxed: they are read when the threads that counted have been joined.
static OPENED: AtomicUsize = AtomicUsize::new(0);
static CLOSED: AtomicUsize = AtomicUsize::new(0);

/// Stands for yours.
pub struct Session {
    requests: u32,
}

impl Session {
    fn open() -> Self {
        OPENED.fetch_add(1, Relaxed);
        Self { requests: 0 }
    }

    fn request(&mut self) -> u32 {
        self.requests += 1;
        self.requests
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        CLOSED.fetch_add(1, Relaxed);
    }
}

fn main() -> ExitCode {
    let Args { threads, requests } = Args::parse();
    let threads = usize::from(threads);
    let together = Arc::new(Barrier::new(threads));
    let start = |_| {
        let together = together.clone();
        thread::spawn(move || {
            together.wait(); // all are alive, then all of them count
            (0..requests).for_each(|_| _ = with_session(Session::request));
            let seen = with_session(|session| session.requests);
            together.wait();
            seen
        })
    };
    let started: Vec<JoinHandle<u32>> = (0..threads).map(start).collect();
    let seen: Vec<u32> = started
        .into_iter()
        .map(|thread| thread.join().expect("no panic in there"))
        .collect();
    let by_main = with_session(|session| session.requests);
    println!("requests seen by each of {threads} threads: {seen:?}; by main: {by_main}");
    let (opened, closed) = (OPENED.load(Relaxed), CLOSED.load(Relaxed));
    println!("sessions: {opened} opened, one of them by main; {closed} closed, with their threads");

    (0..6).for_each(|_| _ = with_session(Session::request));
    let last = with_session(Session::request);
    let by_new = thread::spawn(|| with_session(|session| session.requests)).join();
    let by_new = by_new.expect("no panic in there");
    println!("main made {last} requests, a new thread sees {by_new} of them");

    let held = seen == vec![requests; threads]
        && (by_main, by_new, last) == (0, 0, 7)
        && (opened, closed) == (threads + 1, threads);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
