//! Fixed: two threads find nothing under a read lock, and one of them creates it.
//!
//! `entry` looks again under the write lock, and `or_insert_with` calls `open` only if there is
//! still nothing. The cost is that everyone waits while `open` runs, for any host. If it is slow,
//! keep an `Arc<OnceLock<C>>` for each host: release the write lock, and then open with its
//! `get_or_init`. For a single value, `OnceLock` or `LazyLock` is all you need.
//!
//! Python: `with lock:` around `if host not in pool: pool[host] = connect(host)`
//! Broken: `race_double_init_broken`
//! Needs: nothing
//! Tested: `models/tests/races.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_double_init_fixed
//! 2 threads asked for the connection to db.example: opened 1
//! ```

use std::collections::HashMap;
use std::process::ExitCode;
use std::sync::RwLock;
use std::sync::atomic::{AtomicU32, Ordering::Relaxed};
use std::thread;

/// Returns the connection to `host` from `pool`. The first caller puts it there with `open`,
/// which runs under the lock and so must not use `pool`.
pub fn get_or_open<C: Clone>(
    pool: &RwLock<HashMap<String, C>>,
    host: &str,
    open: impl FnOnce() -> C,
) -> C {
    let connections = pool.read().unwrap();
    if let Some(connection) = connections.get(host) {
        return connection.clone();
    }
    drop(connections);
    let mut connections = pool.write().unwrap();
    let entry = connections.entry(host.to_owned()); // FIXED: looks again
    entry.or_insert_with(open).clone()
}

/// Two threads ask for one connection. Returns how often it was opened.
pub fn ask_twice() -> u32 {
    let pool = RwLock::new(HashMap::new());
    let opened = AtomicU32::new(0);
    let open = || {
        opened.fetch_add(1, Relaxed);
        "a connection"
    };
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| get_or_open(&pool, "db.example", open));
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
