//! Deadlock: an entry of a `DashMap` is held while the same map is written.
//!
//! You see: the first request for a page is fine, the second one hangs. With other keys: once in
//! a while, for two keys have to share a shard.
//! Why: a `DashMap` is many locked maps, and what `get` returns is a read guard on one of them.
//! It lives as long as the `if let`, and `insert` wants to write to the same one.
//! Rule: copy the value out and drop the reference before the next call on the map.
//!
//! Python: `with lock:` around a method that takes the same (not reentrant) `Lock`.
//! Caught by: nothing
//! Fixed: `deadlock_dashmap_ref_fixed`
//! Needs: `cargo add dashmap@6`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_dashmap_ref_broken
//! ? 1
//! deadlock: the second hit holds `/` to read it, at 1, and waits until it may write it
//! ```

use std::process::ExitCode;
use std::sync::Arc;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use dashmap::DashMap;

/// Counts one more hit on `page` and returns how many there are now.
pub fn count_hit(hits: &DashMap<String, u64>, page: &str) -> u64 {
    if let Some(seen) = hits.get(page) {
        let now = *seen + 1;
        hits.insert(page.to_owned(), now); // BROKEN: `seen` is still alive
        now
    } else {
        hits.insert(page.to_owned(), 1);
        1
    }
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
    let gave_up = match result.recv_timeout(Duration::from_millis(300)) {
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
