use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex};
use std::thread;

#[path = "../../src/bin/poisoned_lock.rs"]
#[allow(dead_code)]
mod program;
use program::lock_or_repair;

/// A lock that guards `value`, and is poisoned.
fn poisoned(value: u32) -> Mutex<u32> {
    let mutex = Mutex::new(value);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = mutex.lock().unwrap();
        panic!("with the lock in hand");
    }));
    assert!(panicked.is_err());
    assert!(mutex.is_poisoned());
    mutex
}

#[test]
fn of_many_threads_one_repairs_and_all_go_on() {
    let mutex = poisoned(1);
    let repairs = AtomicUsize::new(0);
    let all_here = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                all_here.wait();
                let mut value = lock_or_repair(&mutex, |value| {
                    repairs.fetch_add(1, Relaxed);
                    *value = 100;
                });
                assert!(*value >= 100, "seen before it was repaired");
                *value += 1;
            });
        }
    });
    assert_eq!(repairs.into_inner(), 1);
    assert_eq!(mutex.into_inner().unwrap(), 108);
}

#[test]
fn a_lock_that_is_not_poisoned_is_not_repaired() {
    let mutex = Mutex::new(1);
    let value = lock_or_repair(&mutex, |_| panic!("nothing to repair"));
    assert_eq!(*value, 1);
}

#[test]
fn after_a_repair_that_panics_the_next_caller_repairs() {
    let mutex = poisoned(1);
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let _guard = lock_or_repair(&mutex, |_| panic!("no repair"));
    }));
    assert!(panicked.is_err());
    let value = lock_or_repair(&mutex, |value| *value = 2);
    assert_eq!(*value, 2);
}
