//! Fixed: a count in a `DashMap` is read and written through one reference.
//!
//! `entry` locks the shard once, for reading and for writing, so there is no second lock to wait
//! for. Copying the count out and inserting the new one later would not hang either, but another
//! thread's hit in between would be lost. For a call with another key, copy the value out and drop
//! the reference first. It costs a `String` for each hit, even on a page that is in the map.
//!
//! Python: `with lock: hits[page] += 1`
//! Broken: `deadlock_dashmap_ref_broken`
//! Needs: `cargo add dashmap@6`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_dashmap_ref_fixed
//! first hit: Ok(1)
//! second hit, within 10s: Ok(2)
//! the page is locked: false
//! ```

use std::process::ExitCode;
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::Duration;

use dashmap::DashMap;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Counts one more hit on `page` and returns the new count.
pub fn count_hit(hits: &DashMap<String, u64>, page: &str) -> u64 {
    let entry = hits.entry(page.to_string()); // FIXED: one lock, to read and to write
    let mut count = entry.or_insert(0);
    *count += 1;
    *count
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
