use std::cell::RefCell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Barrier, Mutex, mpsc};

#[path = "../../src/bin/thread_pool_first_error.rs"]
#[allow(dead_code)]
mod program;
use program::try_map;

const ITEMS: [(); 100] = [(); 100];

thread_local! {
    /// Dropped when the thread ends.
    static AT_END: RefCell<Option<mpsc::Sender<()>>> = const { RefCell::new(None) };
}

#[test]
fn after_an_error_nothing_new_starts() {
    let started = AtomicUsize::new(0);
    let both_started = Barrier::new(2);
    let (failing_thread_lives, ended) = mpsc::channel();
    let failing_thread_lives = Mutex::new(Some(failing_thread_lives));
    let ended = Mutex::new(ended);

    let result = try_map(&ITEMS, 2, |()| match started.fetch_add(1, Relaxed) {
        0 => {
            let lives = failing_thread_lives.lock().unwrap().take();
            AT_END.set(lives);
            both_started.wait();
            Err("failed")
        }
        1 => {
            both_started.wait();
            // The sender is gone: the thread of the error has ended, and this one has not.
            assert!(ended.lock().unwrap().recv().is_err());
            Ok(())
        }
        _ => Ok(()),
    });
    assert_eq!(result, Err(vec!["failed"]));
    assert_eq!(started.into_inner(), 2);
}

#[test]
fn a_call_in_progress_may_fail_as_well() {
    let started = AtomicUsize::new(0);
    let both_started = Barrier::new(2);
    let result: Result<Vec<()>, _> = try_map(&ITEMS, 2, |()| {
        started.fetch_add(1, Relaxed);
        both_started.wait();
        Err("failed")
    });
    assert_eq!(result, Err(vec!["failed"; 2]));
    assert_eq!(started.into_inner(), 2);
}

#[test]
fn without_errors_the_results_are_in_the_order_of_the_items() {
    let meet = Barrier::new(2);
    // Item 0 ends when item 2 has begun. The thread of item 2 has kept the result of item 1 by then.
    let work = |n: &i32| {
        if *n != 1 {
            meet.wait();
        }
        Ok::<_, ()>(n * 10)
    };
    assert_eq!(try_map(&[0, 1, 2], 2, work), Ok(vec![0, 10, 20]));
    assert_eq!(try_map(&[], 2, work), Ok(vec![]));
}

#[test]
fn a_panic_reaches_the_caller_when_the_list_is_done() {
    let started = AtomicUsize::new(0);
    let work = |_: &()| match started.fetch_add(1, Relaxed) {
        0 => resume_unwind(Box::new("in the work")),
        _ => Ok::<_, ()>(()),
    };
    let result = catch_unwind(AssertUnwindSafe(|| try_map(&ITEMS, 2, work)));
    assert!(result.is_err());
    assert_eq!(started.into_inner(), 100);
}
