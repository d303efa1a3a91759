//! Share a map between threads: a `HashMap` in a `Mutex`, or the `dashmap` crate.
//!
//! Start with `Mutex<HashMap>`: it is in std, and one lock is easy to reason about. When many
//! threads spend their time waiting for that lock, use a `DashMap`. It has many locks, each for a
//! part of the keys, so threads that use different keys seldom wait for each other.
//!
//! - Look up and change in one step, with `entry`. In two steps (`get`, then `insert`) another
//!   thread may come in between: `race_double_init`.
//! - While you hold a reference into a `DashMap`, do not call the map again. Both keys may have the
//!   same lock, and the thread waits for itself: `deadlock_dashmap_ref`.
//! - `DashMap` keeps each key right by itself. What must hold for several keys needs one lock
//!   around the map.
//! - If all threads use the same key, no map helps. Count in each thread and add up at the end.
//!
//! Python: a `dict` and a `Lock`
//! Needs: `cargo add dashmap@6`
//!
//! ```console
//! $ cargo run -p threading --bin concurrent_map
//! Mutex<HashMap>: {"/": 20000, "/about": 10000, "/news": 10000}
//! DashMap: {"/": 20000, "/about": 10000, "/news": 10000}
//! ```

use std::collections::{BTreeMap, HashMap};
use std::sync::Mutex;
use std::thread;

use dashmap::DashMap;

/// The requests that each thread counts, over and over.
const PAGES: [&str; 4] = ["/", "/news", "/", "/about"];

fn main() {
    let hits = Mutex::new(HashMap::new());
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..10_000 {
                    let page = PAGES[n % 4];
                    let mut hits = hits.lock().unwrap();
                    *hits.entry(page).or_insert(0) += 1;
                }
            });
        }
    });
    let hits = hits.into_inner().unwrap();
    let sorted: BTreeMap<&str, u64> = hits.into_iter().collect();
    println!("Mutex<HashMap>: {sorted:?}");

    let hits = DashMap::new();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for n in 0..10_000 {
                    let page = PAGES[n % 4];
                    *hits.entry(page).or_insert(0) += 1;
                }
            });
        }
    });
    let sorted: BTreeMap<&str, u64> = hits.into_iter().collect();
    println!("DashMap: {sorted:?}");
}
