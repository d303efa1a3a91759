//! Run a function after a delay, in a thread of its own, unless it is canceled before.
//!
//! Use it for a time limit or a reminder, a few at a time. The thread waits at a channel on which
//! nothing is ever sent: its timeout is the alarm, and its closing is the cancellation, which wakes
//! the thread at once. `cancel` says whether it came in time, and the thread has ended when it
//! returns. So it does where the timer is dropped, and nothing is left behind. A function that runs
//! already cannot be stopped: `cancel` waits for it, and hands on its value or its panic. Do not
//! cancel a timer from within its own function: no thread can join itself, so it panics. To drop it
//! there is fine. Many timers, and repeated ones: `scheduled_tasks`, where one thread is enough for
//! all.
//!
//! Python: `threading.Timer(10, f)`, whose `cancel()` does not say whether it came in time.
//! Copy: `Timer`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin timer_cancel
//! the first, after 10 ms: fired 1 time, returned "tea is ready"
//! the second, after 1 h, canceled: fired 0 times, returned None
//! the third, canceled too late: fired 1 time, returned Some("tea is ready")
//! the fourth, dropped: fired 0 times, threads left: 0
//! the fifth, dropped by its own function, went on
//!
//! $ cargo run -p threading --bin timer_cancel -- --millis 0
//! the first, after 0 ms: fired 1 time, returned "tea is ready"
//! ...
//! ```

use std::convert::Infallible;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use std::{io, panic};

use clap::Parser;

/// A function that will run later. Dropped before, it never runs; dropped while it runs, the drop
/// waits for its end, and a panic of it is seen on stderr only.
pub struct Timer<T> {
    open: Option<SyncSender<Infallible>>,
    thread: Option<JoinHandle<Option<T>>>,
}

impl<T: Send + 'static> Timer<T> {
    /// Starts the clock. Errs if the system has no more threads to give.
    pub fn start(delay: Duration, run: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let (open, closed) = mpsc::sync_channel(0);
        let thread = thread::Builder::new().name("timer".to_owned());
        let thread = thread.spawn(move || match closed.recv_timeout(delay) {
            Err(RecvTimeoutError::Timeout) => Some(run()),
            Err(RecvTimeoutError::Disconnected) => None,
            Ok(never) => match never {},
        })?;
        Ok(Self {
            open: Some(open),
            thread: Some(thread),
        })
    }

    /// Waits until the function has run, and returns its value. Panics with its panic.
    pub fn wait(mut self) -> T {
        self.end()
            .expect("only closing the channel makes it `None`")
    }

    /// Cancels. `None`: in time, the function will never run. `Some`: too late, this is its
    /// value. Panics with its panic.
    pub fn cancel(mut self) -> Option<T> {
        self.open = None;
        self.end()
    }

    fn end(&mut self) -> Option<T> {
        let thread = self.thread.take()?; // always there: both callers consume the timer
        thread
            .join()
            .unwrap_or_else(|panic| panic::resume_unwind(panic))
    }
}

impl<T> Drop for Timer<T> {
    fn drop(&mut self) {
        self.open = None;
        let this = thread::current().id(); // its function may drop the last reference to it
        if let Some(thread) = self.thread.take().filter(|it| it.thread().id() != this) {
            let _ = thread.join(); // no second panic while there may be a first
        }
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// The delay of those timers that fire
    #[arg(long, value_name = "N", default_value_t = 10,
        value_parser = clap::value_parser!(u64).range(..=1000))]
    millis: u64,
}

const HOUR: Duration = Duration::from_secs(3600);

fn main() -> io::Result<ExitCode> {
    let Args { millis } = Args::parse();
    let soon = Duration::from_millis(millis);
    let fired = [(); 4].map(|()| Arc::new(AtomicU32::new(0)));
    let (tell, told) = mpsc::sync_channel(4);
    let timer = |n: usize, delay| {
        let (fired, tell) = (fired[n].clone(), tell.clone());
        Timer::start(delay, move || {
            fired.fetch_add(1, Relaxed);
            let _ = tell.send(()); // there is room for all
            "tea is ready"
        })
    };
    let times = |n: usize| fired[n].load(Relaxed); // Relaxed: what counts is joined by then

    let first = timer(0, soon)?.wait();
    println!(
        "the first, after {millis} ms: fired {} time, returned {first:?}",
        times(0)
    );

    let second = timer(1, HOUR)?.cancel();
    println!(
        "the second, after 1 h, canceled: fired {} times, returned {second:?}",
        times(1)
    );

    let late = timer(2, soon)?;
    told.iter().take(2).for_each(drop); // the first one's word, then its own
    let third = late.cancel();
    println!(
        "the third, canceled too late: fired {} time, returned {third:?}",
        times(2)
    );

    drop(timer(3, HOUR)?);
    let left = Arc::strong_count(&fired[3]) - 1; // its thread would hold one
    println!(
        "the fourth, dropped: fired {} times, threads left: {left}",
        times(3)
    );

    let (hand_over, own) = mpsc::sync_channel(1);
    let (tell, told) = mpsc::sync_channel(1);
    let fifth = Timer::start(soon, move || {
        drop(own.recv()); // the timer itself
        let _ = tell.send("went on"); // there is room for it
    })?;
    let _ = hand_over.send(fifth);
    let fifth = told.recv().unwrap_or("did not go on"); // an error: it panicked
    println!("the fifth, dropped by its own function, {fifth}");

    let held = [times(0), times(1), times(2), times(3)] == [1, 0, 1, 0]
        && (first, second, third, left) == ("tea is ready", None, Some("tea is ready"), 0)
        && fifth == "went on";
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
