//! Name the threads of a deadlock and the lines where they wait, while the program hangs.
//!
//! Use it where a program stops and nobody knows why. With parking_lot's locks in the place of
//! std's, and its feature `deadlock_detection`, each thread notes what it holds, and
//! `check_deadlock` looks for a circle: call it on a thread of its own every few seconds, or when
//! an answer is late. Each lock then costs more, so switch it on by a feature of your own. It sees
//! parking_lot's locks alone: with a channel, a `join` or a lock of std in the circle it stays
//! silent, as it does on a wait with a time-out. A report is the end: the threads in it never run
//! again, so log it and end the process. For a program as it is: `gdb -p PID`, then
//! `thread apply all bt`. Before it ever happens: `model_check_with_shuttle`. The mistake and its
//! fix: `deadlock_lock_order_broken`, `deadlock_lock_order_fixed`.
//!
//! Python: `faulthandler.dump_traceback_later(10)`, which shows all threads and no circle.
//! Copy: `deadlocks` and `Stuck`.
//! Needs: `cargo add parking_lot@0.13 -F deadlock_detection`
//!
//! ```console
//! $ cargo run -p threading --bin deadlock_report -F deadlock_detection
//! a thread waits for a lock that is in use: 0 deadlocks
//! a deadlock: 2 threads, each waits for what another one holds
//! rent waits
//!   at src/bin/deadlock_report.rs:86
//!   at src/bin/deadlock_report.rs:103
//! wages waits
//!   at src/bin/deadlock_report.rs:86
//!   at src/bin/deadlock_report.rs:104
//! ```

use std::process::ExitCode;
use std::sync::Barrier;
use std::thread::{self, JoinHandle, Thread};
use std::time::{Duration, Instant};
use std::{fmt, io};

use parking_lot::{Mutex, deadlock};

/// A thread that waits for a lock, and will forever.
#[derive(Debug)]
pub struct Stuck {
    /// Its name; its number where it has none, or is not one of those that were named.
    pub thread: String,
    /// Where it waits, in the files of this package: the innermost call first. Empty in a build
    /// without line tables, such as `cargo build --release`, unless `debug` is set for that.
    pub calls: Vec<String>,
}

impl fmt::Display for Stuck {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} waits", self.thread)?;
        self.calls
            .iter()
            .try_for_each(|call| write!(f, "\n  at {call}"))
    }
}

/// The deadlocks that there are now: each is a circle of threads, and each of these waits for a
/// lock that another one of them holds. `threads` are those whose names are wanted. A circle is
/// reported once, and is not to be resolved any more: its threads wait even where a lock comes
/// free.
pub fn deadlocks(threads: &[Thread]) -> Vec<Vec<Stuck>> {
    let mut circles = Vec::new();
    for circle in deadlock::check_deadlock() {
        let stuck = circle.iter().map(|found| {
            let id = found.thread_id();
            let name = threads
                .iter()
                .find(|thread| thread.id() == id)
                .and_then(Thread::name);
            let symbols = found
                .backtrace()
                .frames()
                .iter()
                .flat_map(|frame| frame.symbols());
            let calls = symbols.filter_map(|symbol| {
                // Not those of std and of other packages: nothing to mend there.
                let file = symbol
                    .filename()?
                    .strip_prefix(env!("CARGO_MANIFEST_DIR"))
                    .ok()?;
                Some(format!("{}:{}", file.display(), symbol.lineno()?))
            });
            let thread = name.map_or_else(|| format!("{id:?}"), str::to_owned);
            Stuck {
                thread,
                calls: calls.collect(),
            }
        });
        circles.push(stuck.collect());
    }
    circles
}

// Only for the demo from here on.

static ACCOUNTS: [Mutex<i64>; 2] = [Mutex::new(100), Mutex::new(100)];
static BOTH_HOLD_ONE: Barrier = Barrier::new(2);

fn transfer(from: &Mutex<i64>, to: &Mutex<i64>, moment: impl FnOnce()) {
    let mut source = from.lock();
    moment();
    let mut target = to.lock();
    *source -= 10;
    *target += 10;
}

fn main() -> io::Result<ExitCode> {
    // A long wait is no deadlock.
    let in_use = ACCOUNTS[0].lock();
    let rent = start("rent", || transfer(&ACCOUNTS[0], &ACCOUNTS[1], || ()))?;
    let looks = (0..10).map(|_| look(&[&rent], Duration::from_millis(5)).len());
    let wrong: usize = looks.sum();
    drop(in_use);
    let ended = rent.join().is_ok();
    println!("a thread waits for a lock that is in use: {wrong} deadlocks");

    // In two orders: both hold one account when they want the other one.
    let meet = || _ = BOTH_HOLD_ONE.wait();
    let rent = start("rent", move || transfer(&ACCOUNTS[0], &ACCOUNTS[1], meet))?;
    let wages = start("wages", move || transfer(&ACCOUNTS[1], &ACCOUNTS[0], meet))?;
    let mut found = look(&[&rent, &wages], Duration::from_secs(10));
    for circle in &mut found {
        circle.sort_by(|a, b| a.thread.cmp(&b.thread));
        println!(
            "a deadlock: {} threads, each waits for what another one holds",
            circle.len()
        );
        circle.iter().for_each(|stuck| println!("{stuck}"));
    }
    let named = |circle: &[Stuck]| circle.iter().map(|t| &t.thread).eq(["rent", "wages"]);
    let held = matches!(&found[..], [circle] if named(circle)) && ended && wrong == 0;
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// A thread that ends with the process, if not by itself: nothing else ends one that is stuck.
fn start(name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<JoinHandle<()>> {
    thread::Builder::new().name(name.to_owned()).spawn(work)
}

/// Looks for deadlocks until there is one, or until it has looked for so long.
fn look(running: &[&JoinHandle<()>], at_most: Duration) -> Vec<Vec<Stuck>> {
    let names: Vec<Thread> = running
        .iter()
        .map(|handle| handle.thread().clone())
        .collect();
    let give_up = Instant::now() + at_most;
    loop {
        let found = deadlocks(&names);
        if !found.is_empty() || Instant::now() > give_up {
            return found;
        }
        thread::sleep(Duration::from_millis(1));
    }
}
