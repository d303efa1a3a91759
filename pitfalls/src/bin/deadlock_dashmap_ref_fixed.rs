//! Fixed: one entry of a `DashMap` is read and written through one guard.
//!
//! `entry` locks the shard once, for reading and writing: no second lock, and no moment between
//! the two in which another thread's hit could get lost, as with copy, drop, insert. For two keys,
//! copy the first value out and drop its reference before the second call.
//!
//! Python: `with lock: hits[page] += 1`, one lock for both.
//! Broken: `deadlock_dashmap_ref_broken`
//! Needs: `cargo add dashmap@6`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_dashmap_ref_fixed
//! 2 hits on `/`: the map says 2
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use dashmap::DashMap;

/// Counts one more hit on `page` and returns how many there are now.
pub fn count_hit(hits: &DashMap<String, u64>, page: &str) -> u64 {
    let mut seen = hits.entry(page.to_owned()).or_insert(0); // FIXED: one guard
    *seen += 1;
    *seen
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let hits = Arc::new(DashMap::new());
    let (done, result) = mpsc::channel();
    let shared = hits.clone();
    thread::spawn(move || {
        count_hit(&shared, "/");
        done.send(count_hit(&shared, "/"))
    });
    let gave_up = match result.recv_timeout(Duration::from_secs(10)) {
        Ok(count) => {
            println!("2 hits on `/`: the map says {count}");
            return if count == 2 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        Err(gave_up) => gave_up,
    };
    let held = hits.try_get_mut("/").is_locked();
    let readable = hits.try_get("/").try_unwrap().map(|seen| *seen);
    if let (RecvTimeoutError::Timeout, true, Some(seen)) = (gave_up, held, readable) {
        println!(
            "deadlock: the second hit holds `/` to read it, at {seen}, and waits until it may write it"
        );
    }
    ExitCode::FAILURE
}
