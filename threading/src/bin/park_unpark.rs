//! Put a thread to sleep and wake it, with `park`, `unpark` and a flag of your own.
//!
//! Each thread has a mailbox with room for one token. `unpark` puts one in, `park` waits until
//! it can take one out. So an early `unpark` is not lost, and two in a row are one. Locks and
//! channels are made of this or its like. The token alone is no message: `park` may return
//! without one, and code that you call may leave or take one. Hence the flag, and the loop. Use
//! it to build something of your own where one thread waits. Ready made: a channel or a
//! condition variable (`condvar_wait_while`), and crossbeam's `Parker`, which has a token of its
//! own. A thread that is woken may run a moment later, and several in any order.
//!
//! Python: nothing; `threading.Event` without its lock comes near.
//! Copy: `Signal`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin park_unpark
//! raised before the wait: not lost
//! raised 3 times before the wait: passes 1 time
//! the token of somebody else: `park` returns, the wait goes on
//! 1000 turns between two threads: 1000 times the other one's number was there
//!
//! $ cargo run -p threading --bin park_unpark -- --turns 0
//! ...
//! 0 turns between two threads: 0 times the other one's number was there
//! ```

use std::process::ExitCode;
use std::sync::atomic::{
    AtomicBool, AtomicU32,
    Ordering::{Acquire, Relaxed, Release},
};
use std::sync::mpsc;
use std::thread::{self, Thread};
use std::time::{Duration, Instant};

use clap::Parser;

/// A signal that any thread may raise and one thread waits for. Raised again before it has been
/// waited for, it is still one signal.
pub struct Signal {
    raised: AtomicBool,
    waiter: Thread,
}

impl Signal {
    /// A signal for the calling thread to wait for.
    pub fn for_this_thread() -> Self {
        Self {
            raised: AtomicBool::new(false),
            waiter: thread::current(),
        }
    }

    /// Raises the signal and wakes its thread. What was written before is seen there.
    pub fn raise(&self) {
        // Release: what this thread wrote before comes with the flag. Not AcqRel: this thread
        // reads nothing of the others. A swap and not a store, although the old value is of no
        // use: where two threads raise and the waiter sees the flag once, it gets the writes of
        // both, since a swap goes on with the release of the one before, and a store cuts it off.
        self.raised.swap(true, Release);
        self.waiter.unpark(); // after the flag: the woken thread must find it
    }

    /// Waits until the signal is raised, and lowers it. Panics in another thread than the one it
    /// is for, which `unpark` would not wake.
    pub fn wait(&self) {
        self.check_thread();
        // Acquire: what was written before `raise` is seen from here on. The token does not see
        // to that: where the flag is up already, nothing parks. Nor is anything released here.
        while !self.raised.swap(false, Acquire) {
            thread::park(); // returns at once if `raise` came since the swap: the token is there
        }
    }

    /// Waits for the signal at most `limit`, and lowers it. Returns whether it was raised.
    pub fn wait_timeout(&self, limit: Duration) -> bool {
        self.check_thread();
        let start = Instant::now();
        while !self.raised.swap(false, Acquire) {
            let Some(left) = limit
                .checked_sub(start.elapsed())
                .filter(|left| !left.is_zero())
            else {
                return false;
            };
            thread::park_timeout(left);
        }
        true
    }

    fn check_thread(&self) {
        assert_eq!(
            thread::current().id(),
            self.waiter.id(),
            "the signal is for another thread"
        );
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How often two threads take turns
    #[arg(long, value_name = "N", default_value_t = 1000,
        value_parser = clap::value_parser!(u32).range(..=10_000))]
    turns: u32,
}

const PATIENCE: Duration = Duration::from_secs(2);

fn main() -> ExitCode {
    let Args { turns } = Args::parse();
    let signal = Signal::for_this_thread();
    let at_once = Duration::ZERO;

    signal.raise();
    let early = signal.wait_timeout(PATIENCE);
    println!(
        "raised before the wait: {}",
        if early { "not lost" } else { "lost" }
    );

    (0..3).for_each(|_| signal.raise());
    let passes = (0..3).filter(|_| signal.wait_timeout(at_once)).count();
    println!("raised 3 times before the wait: passes {passes} time");

    thread::current().unpark();
    thread::park(); // does not hang
    thread::current().unpark();
    let fooled = signal.wait_timeout(Duration::from_millis(10));
    let wait = if fooled { "too" } else { "goes on" };
    println!("the token of somebody else: `park` returns, the wait {wait}");

    let right = take_turns(turns);
    println!("{turns} turns between two threads: {right} times the other one's number was there");
    let held = (early, passes, fooled, right) == (true, 1, false, turns);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Two threads send a number to and fro, Relaxed: the signals order it. Returns in how many turns
/// the number had arrived.
fn take_turns(turns: u32) -> u32 {
    let (number, mine) = (&AtomicU32::new(0), &Signal::for_this_thread());
    let (to_main, from_other) = mpsc::sync_channel(1);
    thread::scope(|s| {
        s.spawn(move || {
            let other = std::sync::Arc::new(Signal::for_this_thread());
            if to_main.send(other.clone()).is_ok() {
                for _ in 0..turns {
                    other.wait();
                    number.fetch_add(1, Relaxed);
                    mine.raise();
                }
            }
        });
        let other = from_other.recv().expect("it sends before it waits");
        let turn = |&turn: &u32| {
            number.fetch_add(1, Relaxed);
            other.raise();
            mine.wait();
            number.load(Relaxed) == 2 * turn + 2
        };
        (0..turns).filter(turn).count() as u32
    })
}
