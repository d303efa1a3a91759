//! Find out which threads are in a deadlock, and where they wait, while the program hangs.
//!
//! Use it when a program stops and nobody knows why. Replace std's locks with those of parking_lot,
//! and switch on its feature `deadlock_detection`: then each thread notes which locks it holds, and
//! `check_deadlock` looks for cycles of threads that wait for each other. Call it every few
//! seconds on a thread of its own.
//!
//! - It sees only parking_lot's locks. If a channel, a `join` or a lock of std is part of the
//!   cycle, it finds nothing. It does not report waits with a timeout.
//! - `lock` needs no `unwrap`: these locks are not poisoned. `Condvar::wait` takes `&mut guard`.
//! - Each lock is slower with it, so switch it on by a feature of your own program: in `[features]`
//!   write `deadlock_detection = ["parking_lot/deadlock_detection"]`.
//! - A reported thread never runs again. Log the report, and end the process.
//! - For a program that hangs already: `gdb -p PID` and `thread apply all bt`. To find a deadlock
//!   before it happens: `model_check_with_shuttle`. To avoid this one: `deadlock_lock_order_fixed`.
//!
//! Python: `faulthandler.dump_traceback_later(10)`, which shows all threads but finds no cycle
//! Needs: `cargo add parking_lot@0.13 -F deadlock_detection`
//!
//! ```console
//! $ cargo run -p threading --bin deadlock_report -F deadlock_detection
//! deadlock of 2 threads
//! rent waits at [..]src/bin/deadlock_report.rs:82:21
//! wages waits at [..]src/bin/deadlock_report.rs:82:21
//! ```

use std::fmt::Debug;
use std::io;
use std::sync::Barrier;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use parking_lot::Mutex;
use parking_lot::deadlock::check_deadlock;

static SAVINGS: Mutex<i64> = Mutex::new(100);
static CHECKING: Mutex<i64> = Mutex::new(100);
static BOTH_HOLD_ONE: Barrier = Barrier::new(2);

fn main() -> io::Result<()> {
    let rent = start("rent", || transfer(&SAVINGS, &CHECKING))?;
    let wages = start("wages", || transfer(&CHECKING, &SAVINGS))?;

    let deadlocks = loop {
        thread::sleep(Duration::from_millis(10)); // in a real program: some seconds
        let found = check_deadlock(); // those since the last call
        if !found.is_empty() {
            break found;
        }
    };

    for deadlock in deadlocks {
        println!("deadlock of {} threads", deadlock.len());
        for thread in [rent.thread(), wages.thread()] {
            let id = thread.id();
            let stuck = deadlock.iter().find(|stuck| stuck.thread_id() == id);
            let stuck = stuck.expect("both are part of it");
            let name = thread.name().expect("both have a name");
            println!("{name} waits {}", place(stuck.backtrace()));
        }
    }
    Ok(())
}

/// The line of this file in a backtrace. A real program logs the whole of it: most is about std and
/// parking_lot.
fn place(backtrace: &impl Debug) -> String {
    let backtrace = format!("{backtrace:?}");
    let line = backtrace.lines().find(|line| line.contains(file!()));
    let line = line.expect("this file called `lock`");
    line.trim().to_owned()
}

fn start(name: &str, work: fn()) -> io::Result<JoinHandle<()>> {
    let thread = thread::Builder::new().name(name.to_owned());
    thread.spawn(work)
}

fn transfer(from: &Mutex<i64>, to: &Mutex<i64>) {
    let mut from = from.lock();
    BOTH_HOLD_ONE.wait(); // makes sure that the deadlock happens
    let mut to = to.lock();
    *from -= 10;
    *to += 10;
}
