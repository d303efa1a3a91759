//! Let many threads read at the same time, and one at a time write, alone.
//!
//! Use it when reading takes a while and writing is rare; for a few instructions a `Mutex` costs
//! less. A write guard can become a read guard in one step (`downgrade`): the writer goes on
//! reading what it wrote, other readers come in, and no other writer was there in between. The
//! other way round does not exist: drop the read guard, take the write guard, and look again,
//! since another thread may have written. Who waits first, readers or writers, is up to the
//! system, so a thread that holds a read guard must not ask for another one: with a writer in
//! line it may wait for itself (`deadlock_recursive_read_broken`). A value that is replaced as a
//! whole: `Mutex<Arc<T>>`, where nobody waits for a reader.
//!
//! Python: nothing in the standard library; a `Lock`, and the readers wait for each other.
//! Copy: `write_then_read`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin rwlock_many_readers
//! reading at once: 4 of 4
//! inside while one writes, 4 readers and 3 writers at the door: 1
//! written, then read on: 5 read at once; another writer got in between: false
//! a second read in the same thread, with a writer at the door: it would wait
//!
//! $ cargo run -p threading --bin rwlock_many_readers -- --readers 1
//! reading at once: 1 of 1
//! inside while one writes, 1 readers and 3 writers at the door: 1
//! written, then read on: 2 read at once; another writer got in between: false
//! ...
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread;
use std::time::{Duration, Instant};

use clap::{Parser, value_parser};

/// Lets `write` change the value, alone, and returns a read guard on what it has become: others
/// may read with it now, and no other writer was there in between. Waits for the readers and the
/// writer that are there.
///
/// # Panics
/// If `write` panics, which poisons the lock, and if the lock is poisoned. Also, or it waits
/// forever, if this thread has a guard of this lock already.
pub fn write_then_read<T>(lock: &RwLock<T>, write: impl FnOnce(&mut T)) -> RwLockReadGuard<'_, T> {
    let mut value = lock.write().unwrap();
    write(&mut value);
    RwLockWriteGuard::downgrade(value)
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many threads read
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=100))]
    readers: u16,
}

const WRITERS: usize = 4;

fn main() -> ExitCode {
    let readers = usize::from(Args::parse().readers);
    let lock = RwLock::new(0);
    let read = |inside: &Inside, wanted| {
        let _value = lock.read().unwrap();
        inside.stay_until(wanted);
    };

    let inside = Inside::default();
    thread::scope(|s| (0..readers).for_each(|_| _ = s.spawn(|| read(&inside, readers))));
    let together = inside.most.load(Relaxed);
    println!("reading at once: {together} of {readers}");

    let (alone, between) = inside_with_a_writer(&lock, readers);
    println!("inside while one writes, {readers} readers and 3 writers at the door: {alone}");

    let inside = Inside::default();
    thread::scope(|s| {
        let _value = write_then_read(&lock, |value| *value += 1);
        (0..readers).for_each(|_| _ = s.spawn(|| read(&inside, readers + 1)));
        inside.stay_until(readers + 1);
    });
    let shared = inside.most.load(Relaxed);
    println!(
        "written, then read on: {shared} read at once; another writer got in between: {between}"
    );

    let waits = if second_read_waits(&lock) {
        "it would wait"
    } else {
        "it got in"
    };
    println!("a second read in the same thread, with a writer at the door: {waits}");

    let held = (together, alone, shared, between) == (readers, 1, readers + 1, false);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// How many are inside when all others want to come in and one of them writes, itself included; and
/// whether another one has written when it reads on.
fn inside_with_a_writer(lock: &RwLock<usize>, readers: usize) -> (usize, bool) {
    let inside = Inside {
        now: 1.into(),
        most: 1.into(),
    }; // this thread
    let at_the_door = Barrier::new(readers + WRITERS);
    let come = |reads: bool| {
        at_the_door.wait();
        let _read = reads.then(|| lock.read().unwrap());
        let mut write = (!reads).then(|| lock.write().unwrap());
        write.iter_mut().for_each(|value| **value += 1);
        inside.stay_until(0);
    };
    let (come, mut seen, mut written) = (&come, 0, 0);
    thread::scope(|s| {
        let value = write_then_read(lock, |value| {
            (1..readers + WRITERS).for_each(|n| _ = s.spawn(move || come(n <= readers)));
            at_the_door.wait();
            thread::sleep(Duration::from_millis(20)); // one that gets in would be seen
            (seen, written) = (inside.most.load(Relaxed), *value);
        });
        (seen, *value != written)
    })
}

/// Not judged: std leaves open who goes first. On Linux it is the writer.
fn second_read_waits(lock: &RwLock<usize>) -> bool {
    thread::scope(|s| {
        let _first = lock.read().unwrap();
        s.spawn(|| *lock.write().unwrap() += 1);
        or_2_seconds(|| lock.try_read().is_err())
    })
}

/// How many are inside, now and at most. Relaxed: the numbers announce nothing else.
#[derive(Default)]
struct Inside {
    now: AtomicUsize,
    most: AtomicUsize,
}

impl Inside {
    /// Is inside until as many were there at once, for 2 s at most.
    fn stay_until(&self, wanted: usize) {
        self.most
            .fetch_max(self.now.fetch_add(1, Relaxed) + 1, Relaxed);
        or_2_seconds(|| self.most.load(Relaxed) >= wanted);
        self.now.fetch_sub(1, Relaxed);
    }
}

fn or_2_seconds(come: impl Fn() -> bool) -> bool {
    let give_up = Instant::now() + Duration::from_secs(2);
    while !come() && Instant::now() < give_up {
        thread::yield_now();
    }
    come()
}
