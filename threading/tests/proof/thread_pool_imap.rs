use std::cell::Cell;
use std::iter;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Barrier;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

#[path = "../../src/bin/thread_pool_imap.rs"]
#[allow(dead_code)]
mod program;
use program::imap;

#[test]
fn results_keep_the_order_of_the_input_when_the_first_item_is_slow() {
    let meet = Barrier::new(2);
    let meet = &meet;
    // Item 0 ends when item 2 has begun. The thread of item 2 has sent the result of item 1 by then.
    let work = move |n: i32| {
        if n != 1 {
            meet.wait();
        }
        n * 10
    };
    let results: Vec<_> = thread::scope(|scope| imap(scope, 3, 0..3, work).collect());
    assert_eq!(results, [0, 10, 20]);
}

#[test]
fn the_input_is_read_only_as_far_as_results_are_taken() {
    let read = Cell::new(0);
    let endless = iter::repeat_with(|| read.set(read.get() + 1));
    thread::scope(|scope| {
        let mut results = imap(scope, 4, endless, |()| ());
        assert_eq!(read.get(), 0);
        for taken in 1..=100 {
            results.next();
            assert_eq!(read.get(), taken - 1 + 4);
        }
    });
}

#[test]
fn all_workers_work_at_once() {
    let all_here = Barrier::new(4);
    let all_here = &all_here;
    let work = move |_| all_here.wait().is_leader();
    let results: Vec<_> = thread::scope(|scope| imap(scope, 4, 0..4, work).collect());
    let leaders = results.iter().filter(|is_leader| **is_leader);
    assert_eq!(leaders.count(), 1);
}

#[test]
fn a_panic_comes_out_in_its_place_and_the_worker_goes_on() {
    let work = |n| {
        if n == 1 {
            resume_unwind(Box::new("item 1"));
        }
        n
    };
    thread::scope(|scope| {
        let mut results = imap(scope, 1, 0..3, work);
        assert_eq!(results.next(), Some(0));
        let panic = catch_unwind(AssertUnwindSafe(|| results.next())).unwrap_err();
        assert_eq!(panic.downcast_ref(), Some(&"item 1"));
        assert_eq!(results.next(), Some(2));
        assert_eq!(results.next(), None);
    });
}

#[test]
fn dropped_half_way_it_does_what_was_read_and_ends() {
    let done = AtomicUsize::new(0);
    let done = &done;
    thread::scope(|scope| {
        let mut results = imap(scope, 4, iter::repeat(()), move |()| {
            done.fetch_add(1, Relaxed)
        });
        results.next();
    });
    assert_eq!(done.load(Relaxed), 4);
}

#[test]
fn the_input_is_not_asked_again_after_its_end() {
    let asked = Cell::new(0);
    // Like a terminal: it ends at Ctrl-D, and would go on if it were asked again.
    let input = iter::from_fn(|| {
        asked.set(asked.get() + 1);
        [1, 2, 4].into_iter().find(|n| *n == asked.get())
    });
    let results: Vec<_> = thread::scope(|scope| imap(scope, 4, input, |n| n).collect());
    assert_eq!(results, [1, 2]);
}

#[test]
fn no_items_are_no_results() {
    let results: Vec<i32> = thread::scope(|scope| imap(scope, 4, [], |n| n).collect());
    assert_eq!(results, []);
}
