//! Start several threads, move data into them, and join their values out.
//!
//! Use it when the threads wait (for a disk, a server, a device) and you want the waits to
//! overlap, or when they compute: there is no GIL, so N threads keep N cores busy. Start them
//! all, then join them all. In one chain, `map(spawn).map(join)`, each starts when the one before
//! it has ended: an iterator is lazy. There is no thread that was made but not started, and
//! `join` takes the handle, so joining twice does not compile (E0382). A panic is an `Err` in its
//! place of the results. The threads may outlive the caller's frame, so the data moves in; to lend
//! it instead, `scoped_threads`. For thousands of items a pool: `thread_pool`.
//!
//! Python: `Thread(target=f, args=(x,))`, `start`, `join`, and a queue to get the value out.
//! Copy: `spawn_all`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin thread_spawn_join
//! started, then joined: 4 threads, none of them main, 4 asleep at once
//! moved in and back, in the order asked: ["awake 1", "awake 2", "awake 3", "awake 4"]
//! started and joined in one chain: 4 threads, 1 asleep at once
//!
//! $ cargo run -p threading --bin thread_spawn_join -- --threads 1
//! started, then joined: 1 threads, none of them main, 1 asleep at once
//! moved in and back, in the order asked: ["awake 1"]
//! started and joined in one chain: 1 threads, 1 asleep at once
//!
//! $ cargo run -p threading --bin thread_spawn_join -- --threads 0
//! started, then joined: 0 threads, none of them main, 0 asleep at once
//! moved in and back, in the order asked: []
//! started and joined in one chain: 0 threads, 0 asleep at once
//! ```

use std::collections::HashSet;
use std::io;
use std::process::ExitCode;
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, ThreadId};
use std::time::Duration;

use clap::{Parser, value_parser};

/// Starts a thread for each of `items`, moves the item into it, waits for all of them, and returns
/// what `work` made of each, in the order of the items. A panic of `work` is the `Err` of its item.
///
/// # Errors
/// If the system has no more threads to give. No further item is started then, and those that
/// were have ended.
pub fn spawn_all<T, R>(
    items: impl IntoIterator<Item = T>,
    work: impl Fn(T) -> R + Clone + Send + 'static,
) -> io::Result<Vec<thread::Result<R>>>
where
    T: Send + 'static,
    R: Send + 'static,
{
    let mut refused = Ok(());
    let mut threads = Vec::new();
    for item in items {
        let work = work.clone();
        match thread::Builder::new().spawn(move || work(item)) {
            Ok(thread) => threads.push(thread),
            Err(error) => {
                refused = Err(error);
                break; // not return: a handle that is dropped leaves its thread running
            }
        }
    }
    let results = threads.into_iter().map(|thread| thread.join()).collect();
    refused.map(|()| results)
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads to start
    #[arg(long, value_name = "N", default_value_t = 4,
        value_parser = value_parser!(u16).range(..=1000))]
    threads: u16,
}

fn main() -> io::Result<ExitCode> {
    let wanted = usize::from(Args::parse().threads);
    let names = (1..=wanted).map(|n| n.to_string());

    let bed = Arc::new(Bed::default());
    let shared = bed.clone();
    let results = spawn_all(names.clone(), move |name| {
        shared.sleep(wanted, Duration::from_secs(2));
        (format!("awake {name}"), thread::current().id())
    })?;
    let results = results
        .into_iter()
        .map(|result| result.expect("no panic in there"));
    let (awake, ids): (Vec<String>, HashSet<ThreadId>) = results.unzip();
    let (threads, overlapped) = (ids.len(), bed.most());
    let who = if ids.contains(&thread::current().id()) {
        "one of them"
    } else {
        "none of them"
    };
    println!("started, then joined: {threads} threads, {who} main, {overlapped} asleep at once");
    println!("moved in and back, in the order asked: {awake:?}");

    let bed = Arc::new(Bed::default());
    let start = |_name| {
        let bed = bed.clone();
        thread::spawn(move || bed.sleep(wanted, Duration::from_millis(20)))
    };
    let chained: Vec<_> = names
        .clone()
        .map(start)
        .map(|thread| thread.join())
        .collect();
    let (chained, in_turn) = (chained.len(), bed.most());
    println!("started and joined in one chain: {chained} threads, {in_turn} asleep at once");

    let in_order = awake
        .into_iter()
        .eq(names.map(|name| format!("awake {name}")));
    let held = in_order && (threads, overlapped, in_turn) == (wanted, wanted, wanted.min(1));
    Ok(if held && who == "none of them" {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Stands for what threads wait for, and counts who waits.
#[derive(Default)]
struct Bed {
    asleep: Mutex<(usize, usize)>, // now, and most at once
    changed: Condvar,
}

impl Bed {
    /// Sleeps until `wanted` have been asleep at once, and gives up after `patience`.
    fn sleep(&self, wanted: usize, patience: Duration) {
        let mut asleep = self.asleep.lock().unwrap();
        asleep.0 += 1;
        asleep.1 = asleep.1.max(asleep.0);
        self.changed.notify_all();
        let too_few = |asleep: &mut (usize, usize)| asleep.1 < wanted;
        (asleep, _) = self
            .changed
            .wait_timeout_while(asleep, patience, too_few)
            .unwrap();
        asleep.0 -= 1;
    }

    fn most(&self) -> usize {
        self.asleep.lock().unwrap().1
    }
}
