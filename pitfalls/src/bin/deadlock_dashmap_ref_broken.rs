//! Deadlock: a `DashMap` is written while a reference into it is still alive.
//!
//! You see: the first request for a page is fine, the second one hangs in `insert`. With two
//! different keys it hangs only now and then: when both are in the same shard.
//! Why: a `DashMap` is a number of locked maps, its shards, and what `get` returns is a read guard
//! of one of them. It lives as long as the `if let`, and `insert` waits for the same lock.
//! Rule: copy the value out and drop the reference before the next call on the map.
//!
//! Python: `with lock:` around a method that takes the same `threading.Lock`
//! Caught by: nothing
//! Fixed: `deadlock_dashmap_ref_fixed`
//! Needs: `cargo add dashmap@6`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_dashmap_ref_broken
//! ? 1
//! first hit: Ok(1)
//! second hit, within 300ms: Err(Timeout)
//! the page is locked: true
//! ```

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use dashmap::DashMap;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// Counts one more hit on `page` and returns the new count.
pub fn count_hit(hits: &DashMap<String, u64>, page: &str) -> u64 {
    if let Some(count) = hits.get(page) {
        let new_count = *count + 1;
        hits.insert(page.to_string(), new_count); // BROKEN: `count` still locks the shard
        new_count
    } else {
        hits.insert(page.to_string(), 1);
        1
    }
}

fn main() -> ExitCode {
    let hits = Arc::new(DashMap::new());
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&hits);
    thread::spawn(move || {
        for _ in 0..2 {
            let count = count_hit(&shared, "/");
            sender.send(count).unwrap();
        }
    });

    let first = receiver.recv();
    println!("first hit: {first:?}");
    let second = receiver.recv_timeout(LIMIT);
    println!("second hit, within {LIMIT:?}: {second:?}");
    println!("the page is locked: {}", hits.try_get_mut("/").is_locked());
    if second.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
