//! Make a value on first use, once, whichever thread comes first.
//!
//! Use it for what is slow to make and then only read: a client, a table, a compiled pattern. Three
//! ways, by what is needed to make it. Nothing: `LazyLock`, which holds its function and is used
//! like the value. Something that the caller has: `OnceLock::get_or_init`. Something that may fail:
//! `OnceTry` below, since `OnceLock::get_or_try_init` is not stable yet. In all of them the first
//! caller makes it and the others wait. Where making it panics, `OnceLock` and `OnceTry` stay empty
//! and the next caller tries again; `LazyLock` is poisoned for good. What makes the value must not
//! ask for it: that thread would wait for itself. One value for each key of a map:
//! `race_double_init_fixed`.
//!
//! Python: `if x is None: with lock: if x is None: x = make()`, double-checked by hand.
//! Copy: `OnceTry`; for the other two the lines of the demo.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin once_init
//! LazyLock: 8 threads, all there before it was made: made 1 time, all see the same one
//! OnceLock: 8 threads, all there before it was made: made 1 time, all see the same one
//! OnceTry:  8 threads, all there before it was made: made 1 time, all see the same one
//! OnceTry, where making it fails twice: no route, no route, then made, then the same one
//!
//! $ cargo run -p threading --bin once_init -- --threads 1
//! LazyLock: 1 threads, all there before it was made: made 1 time, all see the same one
//! ...
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{LazyLock, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};

/// A value that is made on first use, where making it may fail. It may stand in a `static`.
#[derive(Debug, Default)]
pub struct OnceTry<T> {
    value: OnceLock<T>,
    making: Mutex<()>,
}

impl<T> OnceTry<T> {
    /// With no value yet.
    pub const fn new() -> Self {
        Self {
            value: OnceLock::new(),
            making: Mutex::new(()),
        }
    }

    /// The value, if it has been made.
    pub fn get(&self) -> Option<&T> {
        self.value.get()
    }

    /// The value; `make` makes it if there is none. Others who come meanwhile wait. If `make`
    /// fails or panics, only its caller sees that, and the next one calls its own `make`.
    /// Never returns if `make` calls this for the same value.
    pub fn get_or_try_init<E>(&self, make: impl FnOnce() -> Result<T, E>) -> Result<&T, E> {
        // An Acquire load in there, to the Release store of whoever made it: that is what sees
        // the whole value. Once it is made, this is all that a call costs.
        if let Some(value) = self.value.get() {
            return Ok(value);
        }
        let _one_at_a_time = self.making.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(value) = self.value.get() {
            return Ok(value); // made while this thread waited
        }
        let value = make()?;
        Ok(self.value.get_or_init(|| value))
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads want the value at the same time
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..=100))]
    threads: u16,
}

/// Stands for what is slow to make; its number tells which one it is.
struct Table(usize);

// Relaxed: numbers that announce nothing else. Who reads `MADE` at the end has joined the makers.
static WANTED: AtomicUsize = AtomicUsize::new(0);
static CAME: AtomicUsize = AtomicUsize::new(0);
static MADE: AtomicUsize = AtomicUsize::new(0);

/// Takes until all have come, 2 s at most, and a little longer: they look, and find none yet.
fn make() -> Table {
    let give_up = Instant::now() + Duration::from_secs(2);
    while CAME.load(Relaxed) < WANTED.load(Relaxed) && Instant::now() < give_up {
        thread::yield_now();
    }
    thread::sleep(Duration::from_millis(20));
    Table(MADE.fetch_add(1, Relaxed) + 1)
}

fn main() -> ExitCode {
    WANTED.store(Args::parse().threads.into(), Relaxed);

    static LAZY: LazyLock<Table> = LazyLock::new(make);
    let mut held = ran_once("LazyLock:", || LAZY.0);

    static ONCE: OnceLock<Table> = OnceLock::new();
    held &= ran_once("OnceLock:", || ONCE.get_or_init(make).0);

    static TRY: OnceTry<Table> = OnceTry::new();
    held &= ran_once("OnceTry: ", || {
        TRY.get_or_try_init(|| Ok::<_, ()>(make()))
            .map_or(0, |t| t.0)
    });

    let table = OnceTry::new();
    let fail = || table.get_or_try_init(|| Err("no route")).map(|Table(n)| *n);
    let [first, second] = [fail(), fail()];
    let third = table
        .get_or_try_init(|| Ok::<_, &str>(Table(3)))
        .map(|Table(n)| *n);
    let fourth = fail(); // not called any more
    if (first, second, third, fourth) == (Err("no route"), Err("no route"), Ok(3), Ok(3)) {
        println!(
            "OnceTry, where making it fails twice: no route, no route, then made, then the same one"
        );
        return if held {
            ExitCode::SUCCESS
        } else {
            ExitCode::FAILURE
        };
    }
    println!("OnceTry: {first:?}, {second:?}, {third:?}, {fourth:?}");
    ExitCode::FAILURE
}

/// Lets all threads `get` the number of the table at the same time.
fn ran_once(what: &str, get: impl Fn() -> usize + Sync) -> bool {
    CAME.store(0, Relaxed);
    MADE.store(0, Relaxed);
    let come = || {
        CAME.fetch_add(1, Relaxed);
        get()
    };
    let seen: Vec<usize> = thread::scope(|s| {
        let threads: Vec<_> = (0..WANTED.load(Relaxed)).map(|_| s.spawn(come)).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().expect("no panic in there"))
            .collect()
    });
    let (came, made) = (CAME.load(Relaxed), MADE.load(Relaxed));
    let times = if made == 1 { "time" } else { "times" };
    let same = if seen.iter().all(|&n| n == 1) {
        "the same one"
    } else {
        "different ones"
    };
    println!(
        "{what} {came} threads, all there before it was made: made {made} {times}, all see {same}"
    );
    made == 1 && seen == vec![1; came]
}
