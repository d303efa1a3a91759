//! Share a map between threads: one lock, a lock for each part of it, or `dashmap`.
//!
//! Use one lock until it is in the way, and find out by a count, not a clock: each `try_lock` that
//! fails is a thread that would wait. More locks help where threads want different keys. They do
//! nothing for one hot key: let each thread count for itself and merge at the end, or make the
//! value an atomic. `dashmap` is the same idea, better made, and what a program should use; in it
//! as here, a thread that holds one entry and asks for another may wait for itself
//! (`deadlock_dashmap_ref_broken`). What must hold over several keys wants one lock around all.
//!
//! Python: a `dict` and a `Lock`; more locks help only where a thread waits while it holds one.
//! Copy: `Sharded`, around a HashMap; with one shard it is the map behind one lock.
//! Needs: `cargo add clap@4 -F derive`, `cargo add dashmap@6`
//!
//! ```console
//! $ cargo run -p threading --bin concurrent_map
//! 4 threads, one of them at work on its entry: how many of the others find it locked
//!             a key for each   one key for all
//! one lock           3                 3
//! 64 locks           0                 3
//! dashmap            0                 3
//! every count is right: true
//!
//! $ cargo run -p threading --bin concurrent_map -- --threads 1
//! 1 threads, one of them at work on its entry: how many of the others find it locked
//!             a key for each   one key for all
//! one lock           0                 0
//! 64 locks           0                 0
//! dashmap            0                 0
//! every count is right: true
//! ```

use std::collections::{HashMap, HashSet};
use std::hash::{BuildHasher, Hash, RandomState};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::{marker::PhantomData, process::ExitCode};
use std::{thread, time::Duration, time::Instant};

use clap::{Parser, value_parser};
use dashmap::DashMap;

/// Maps (or sets) with a lock each; the hash of a key says in which of them it is.
pub struct Sharded<K, T> {
    shards: Vec<Mutex<T>>,
    keys: PhantomData<fn(&K)>, // one type: `7_u32` and `7_u64` are in different shards
    hasher: RandomState,
    contended: AtomicUsize,
}

impl<K: Hash, T: Default> Sharded<K, T> {
    /// So many empty ones, one at least.
    pub fn new(shards: usize) -> Self {
        let shards = (0..shards.max(1)).map(|_| Mutex::default()).collect();
        Self {
            shards,
            keys: PhantomData,
            hasher: RandomState::new(),
            contended: 0.into(),
        }
    }

    /// Locks the one for `key`: use no other key with it. Waits while another thread has it, and
    /// forever if this one has. After a panic in there it can be used, as it was then.
    pub fn lock(&self, key: &K) -> MutexGuard<'_, T> {
        let shard = &self.shards[self.shard(key)];
        match shard.try_lock() {
            Ok(free) => free,
            Err(TryLockError::Poisoned(free)) => free.into_inner(),
            Err(TryLockError::WouldBlock) => {
                self.contended.fetch_add(1, Relaxed); // announces nothing else
                shard.lock().unwrap_or_else(PoisonError::into_inner)
            }
        }
    }

    /// How many calls of `lock` found it locked. If few of all did, more locks are of no use.
    pub fn contended(&self) -> usize {
        self.contended.load(Relaxed)
    }

    fn shard(&self, key: &K) -> usize {
        (self.hasher.hash_one(key) % self.shards.len() as u64) as usize
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads count
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=32))]
    threads: u16,
}

fn main() -> ExitCode {
    let n = usize::from(Args::parse().threads);
    println!(
        "{n} threads, one of them at work on its entry: how many of the others find it locked"
    );
    println!("            a key for each   one key for all");
    let (mut waits, mut right) = (Vec::new(), true);
    for (name, shards) in [("one lock", 1), ("64 locks", 64)] {
        let (map, mut taken) = (
            Sharded::<_, HashMap<u32, usize>>::new(shards),
            HashSet::new(),
        );
        let apart = |key: &u32| shards == 1 || taken.insert(map.shard(key)); // a lock for each key
        let keys: Vec<u32> = (0..10_000).filter(apart).take(n).collect();
        let add = |key, wait: &dyn Fn()| {
            let mut shard = map.lock(&key);
            wait();
            *shard.entry(key).or_default() += 1;
        };
        waits.extend(contended(name, &keys, add, || map.contended()));
        right &= keys.iter().map(|key| map.lock(key)[key]).sum::<usize>() == 2 * n;
    }

    let (map, locked) = (
        DashMap::<u32, usize>::with_shard_amount(64),
        AtomicUsize::new(0),
    );
    // A lock for each key here, too: there is no entry where another key has locked it.
    let apart: Vec<_> = (0..10_000)
        .filter_map(|key| map.try_entry(key))
        .take(n)
        .collect();
    let keys: Vec<u32> = apart.iter().map(|entry| *entry.key()).collect();
    drop(apart);
    let add = |key, wait: &dyn Fn()| {
        let found_locked = || (locked.fetch_add(1, Relaxed), map.entry(key)).1;
        let mut count = map.try_entry(key).unwrap_or_else(found_locked).or_default();
        wait();
        *count += 1;
    };
    waits.extend(contended("dashmap ", &keys, add, || locked.load(Relaxed)));
    right &= keys
        .iter()
        .filter_map(|key| map.get(key))
        .map(|n| *n)
        .sum::<usize>()
        == 2 * n;

    println!("every count is right: {right}");
    let held = right && waits == [n - 1, n - 1, 0, n - 1, 0, n - 1];
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// How many `add`s find it locked if each has a key of its own, and if all have the first.
fn contended(
    name: &str,
    keys: &[u32],
    add: impl Fn(u32, &dyn Fn()) + Sync,
    contended: impl Fn() -> usize,
) -> [usize; 2] {
    let waits = [keys, &vec![keys[0]; keys.len()]].map(|keys| {
        let (before, add, give_up) = (contended(), &add, Instant::now() + Duration::from_secs(2));
        thread::scope(|s| {
            add(keys[0], &|| {
                let others = keys[1..]
                    .iter()
                    .map(|&key| s.spawn(move || add(key, &|| ())));
                let others: Vec<_> = others.collect();
                // Holds it until each of them is through or has found it locked.
                let through = || others.iter().filter(|thread| thread.is_finished()).count();
                while through() + contended() - before < others.len() && Instant::now() < give_up {
                    thread::yield_now();
                }
            });
        });
        contended() - before
    });
    println!("{name} {:>11} {:>17}", waits[0], waits[1]);
    waits
}
