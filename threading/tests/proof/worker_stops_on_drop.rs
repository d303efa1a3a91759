use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

#[path = "../../src/bin/worker_stops_on_drop.rs"]
#[allow(dead_code)]
mod program;
use program::Worker;

/// A worker whose jobs begin when the sender is dropped and then take a moment, and the list of
/// those that are done.
fn gated_worker() -> (Worker<u32>, mpsc::Sender<()>, Arc<Mutex<Vec<u32>>>) {
    let (open_gate, gate) = mpsc::channel();
    let done = Arc::new(Mutex::new(Vec::new()));
    let list = done.clone();
    let worker = Worker::start(3, move |job| {
        let _ = gate.recv(); // an error: the gate is open
        thread::sleep(Duration::from_millis(20)); // a drop that does not wait comes too early
        list.lock().unwrap().push(job);
    });
    (worker, open_gate, done)
}

#[test]
fn when_the_drop_returns_all_jobs_are_done_and_the_thread_has_ended() {
    let (worker, open_gate, done) = gated_worker();
    for job in 1..=3 {
        worker.send(job).unwrap();
    }
    drop(open_gate);
    drop(worker);
    assert_eq!(*done.lock().unwrap(), [1, 2, 3]);
    let owners = Arc::strong_count(&done);
    assert_eq!(owners, 1, "the thread still holds the list");
}

#[test]
fn an_owner_that_panics_waits_for_the_jobs_too() {
    let (worker, open_gate, done) = gated_worker();
    let panicked = catch_unwind(AssertUnwindSafe(|| {
        let worker = worker;
        let _open_gate = open_gate; // dropped right before the worker
        worker.send(1).unwrap();
        panic!("in the owner");
    }));
    assert!(panicked.is_err());
    assert_eq!(*done.lock().unwrap(), [1]);
}

#[test]
fn send_waits_while_the_queue_is_full() {
    let (open_gate, gate) = mpsc::channel();
    let (begin, begun) = mpsc::channel();
    let worker = Worker::start(1, move |_| {
        begin.send(()).unwrap();
        let _ = gate.recv(); // an error: the gate is open for good
    });
    worker.send(1).unwrap();
    begun.recv().unwrap(); // the worker is busy with the first job
    worker.send(2).unwrap(); // the second one fills the queue

    let (sent, was_sent) = mpsc::channel();
    thread::scope(|scope| {
        scope.spawn(|| {
            worker.send(3).unwrap();
            sent.send(()).unwrap();
        });
        let early = was_sent.recv_timeout(Duration::from_millis(50));
        assert!(early.is_err(), "the queue holds more than its capacity");
        drop::<mpsc::Sender<()>>(open_gate);
        was_sent.recv().unwrap();
    });
}

#[test]
fn after_a_job_that_panics_send_gives_the_job_back_and_the_drop_does_not_panic() {
    let worker = Worker::start(0, |job: u32| panic!("in job {job}"));
    worker.send(1).unwrap();
    let error = worker.send(2).unwrap_err();
    assert_eq!(error.0, 2);
    drop(worker);
}

#[test]
fn a_worker_dropped_by_its_own_job_finishes_its_queue() {
    type Job = Box<dyn FnOnce() + Send>;
    let worker = Arc::new(Worker::start(2, |job: Job| job()));
    let (drop_it, own) = mpsc::channel::<Arc<Worker<Job>>>();
    let (end, ended) = mpsc::channel();
    let first: Job = Box::new(move || drop(own.recv()));
    let next: Job = Box::new(move || end.send(()).unwrap());
    worker.send(first).unwrap();
    worker.send(next).unwrap();
    drop_it.send(worker).unwrap(); // now the first job holds the only owner
    let next_ended = ended.recv_timeout(Duration::from_secs(10));
    assert_eq!(next_ended, Ok(()), "lost, or waiting for itself");
}
