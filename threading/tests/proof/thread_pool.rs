use std::panic::resume_unwind;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::Duration;

#[path = "../../src/bin/thread_pool.rs"]
#[allow(dead_code)]
mod program;
use program::ThreadPool;

#[test]
fn all_workers_work_at_once() {
    let pool = ThreadPool::new(4, 4);
    let all_here = Arc::new(Barrier::new(4));
    let handles: Vec<_> = (0..4)
        .map(|_| {
            let all_here = all_here.clone();
            pool.submit(move || all_here.wait().is_leader())
        })
        .collect();
    let leaders = handles.into_iter().filter_map(|handle| handle.join().ok());
    assert_eq!(leaders.filter(|is_leader| *is_leader).count(), 1);
}

#[test]
fn a_worker_survives_a_panicking_job() {
    let pool = ThreadPool::new(1, 1);
    assert!(pool.submit(|| panic!("in a job")).join().is_err());
    assert_eq!(pool.submit(|| 1).join().unwrap(), 1);
}

/// Panics when it is dropped, with another one of its kind. `resume_unwind` prints no message.
struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        resume_unwind(Box::new(Bomb));
    }
}

#[test]
fn a_worker_survives_an_unwanted_result_that_panics_in_its_drop() {
    let pool = ThreadPool::new(1, 2);
    let (open, gate) = mpsc::channel::<()>();
    let first = pool.submit(move || gate.recv().is_ok());
    drop(pool.submit(|| Bomb)); // a value that nobody takes
    drop(pool.submit(|| resume_unwind(Box::new(Bomb)))); // and a panic
    open.send(()).unwrap();
    assert!(first.join().unwrap());
    assert_eq!(pool.submit(|| 1).join().unwrap(), 1);
}

#[test]
fn submit_waits_while_the_queue_is_full() {
    let pool = ThreadPool::new(1, 1);
    let (open, gate) = mpsc::channel::<()>();
    let (begun, began) = mpsc::channel();
    pool.submit(move || {
        begun.send(()).unwrap();
        let _ = gate.recv();
    });
    began.recv().unwrap(); // the worker is busy
    pool.submit(|| ()); // and this fills the queue
    let (about_to, third_begins) = mpsc::channel();
    thread::scope(|scope| {
        let third = scope.spawn(|| {
            about_to.send(()).unwrap();
            pool.submit(|| 3)
        });
        third_begins.recv().unwrap();
        thread::sleep(Duration::from_millis(50));
        let has_returned = third.is_finished();
        drop(open);
        assert_eq!(third.join().unwrap().join().unwrap(), 3);
        assert!(!has_returned);
    });
}

#[test]
fn dropping_the_pool_finishes_what_is_queued() {
    let done = Arc::new(AtomicUsize::new(0));
    let pool = ThreadPool::new(1, 8);
    for _ in 0..8 {
        let done = done.clone();
        drop(pool.submit(move || done.fetch_add(1, Relaxed)));
    }
    drop(pool);
    assert_eq!(done.load(Relaxed), 8);
}

#[test]
fn a_job_that_takes_too_long_gives_its_handle_back() {
    let pool = ThreadPool::new(1, 1);
    let (open, gate) = mpsc::channel::<()>();
    let handle = pool.submit(move || gate.recv().is_ok());
    let Err(handle) = handle.join_timeout(Duration::from_millis(10)) else {
        panic!("the gate is shut");
    };
    open.send(()).unwrap();
    assert!(handle.join().unwrap());
}
