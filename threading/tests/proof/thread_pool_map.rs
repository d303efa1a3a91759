use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex, mpsc};
use std::time::Duration;

#[path = "../../src/bin/thread_pool_map.rs"]
#[allow(dead_code)]
mod program;
use program::{map, map_as_completed};

#[test]
fn map_keeps_the_order_of_the_items_when_the_first_one_is_slow() {
    let meet = Barrier::new(2);
    // Item 0 ends when item 2 has begun. The thread of item 2 has sent the result of item 1 by then.
    let work = |n: &i32| {
        if *n != 1 {
            meet.wait();
        }
        n * 10
    };
    assert_eq!(map(&[0, 1, 2], 2, work), [0, 10, 20]);
}

#[test]
fn a_result_is_handed_over_while_another_item_is_in_progress() {
    let (open, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let work = |n: &i32| {
        if *n == 0 {
            let opened = gate.lock().unwrap().recv_timeout(Duration::from_secs(10));
            opened.expect("the other result has been handed over");
        }
        n * 10
    };
    let mut results = Vec::new();
    map_as_completed(&[0, 1], 2, work, |index, result| {
        results.push((index, result));
        if index == 1 {
            open.send(()).unwrap();
        }
    });
    assert_eq!(results, [(1, 10), (0, 0)]);
}

#[test]
fn no_items_and_more_threads_than_items() {
    assert_eq!(map(&[0; 0], 4, |n| n + 1), []);
    assert_eq!(map(&[1], 4, |n| n + 1), [2]);
}

#[test]
fn when_the_work_panics_the_caller_panics_and_the_other_items_are_done() {
    let done = AtomicUsize::new(0);
    let items: Vec<usize> = (0..10).collect();
    let work = |n: &usize| {
        if *n == 0 {
            resume_unwind(Box::new("in the work"));
        }
        done.fetch_add(1, Relaxed);
    };
    let mapped = catch_unwind(AssertUnwindSafe(|| map(&items, 2, work)));
    assert!(mapped.is_err());
    assert_eq!(done.into_inner(), 9);
}

#[test]
fn when_the_handler_of_results_panics_the_threads_stop() {
    let begun = AtomicUsize::new(0);
    let work = |_: &()| begun.fetch_add(1, Relaxed);
    let handle = |_, _| resume_unwind(Box::new("in the handler"));
    let mapped = catch_unwind(AssertUnwindSafe(|| {
        map_as_completed(&[(); 1000], 1, work, handle);
    }));
    assert!(mapped.is_err());
    // One result was handed over, one waited in the channel, and one came too late.
    assert!(begun.into_inner() <= 3);
}
