//! Race: two threads find nothing under a read lock, and both create it.
//!
//! You see: two connections where one was meant, "initialized" twice in the log, work done twice.
//! Why: a read lock cannot become a write lock. Between the two the other thread comes in and
//! creates the value, which this one then overwrites. Here a barrier forces the bad moment on every
//! run.
//! Rule: after taking the write lock, look again.
//!
//! Python: `if host not in pool: pool[host] = connect(host)` from two threads
//! Caught by: no lint; shuttle (`models/tests/races.rs`)
//! Fixed: `race_double_init_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_double_init_broken
//! ? 1
//! 2 threads asked for the connection to db.example: opened 2
//! ```

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::sync::{Barrier, RwLock};
use std::thread;

/// Returns the connection to `host` from `pool`. The first caller puts it there with `open`,
/// which runs under the lock and so must not use `pool`.
pub fn get_or_open<C: Clone>(
    pool: &RwLock<HashMap<String, C>>,
    host: &str,
    open: impl FnOnce() -> C,
    both_have_looked: &Barrier,
) -> C {
    let connections = pool.read().unwrap();
    if let Some(connection) = connections.get(host) {
        return connection.clone();
    }
    drop(connections);
    both_have_looked.wait(); // only for the demo: both have found nothing
    let mut connections = pool.write().unwrap();
    let connection = open(); // BROKEN: another thread may have opened it by now
    connections.insert(host.to_owned(), connection.clone());
    connection
}

/// Two threads ask for one connection. Returns how often it was opened.
pub fn ask_twice() -> u32 {
    let pool = RwLock::new(HashMap::new());
    let opened = AtomicU32::new(0);
    let both_have_looked = Barrier::new(2);
    let open = || {
        opened.fetch_add(1, Relaxed);
        "a connection"
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| get_or_open(&pool, "db.example", open, &both_have_looked));
        }
    });
    opened.load(Relaxed)
}

fn main() -> ExitCode {
    let opened = ask_twice();
    println!("2 threads asked for the connection to db.example: opened {opened}");
    if opened == 1 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
