//! A thread that is told to stop does stop, whenever it is told, and does the jobs that it was sent.
//!
//! A timed wait never times out here, so a pause lasts until the thread is told to stop.

extern crate std_model as std;

use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use models::outcomes;

models::examples! {
    stop_a_thread: "../../threading/src/bin/stop_a_thread.rs",
    worker_stops_on_drop: "../../threading/src/bin/worker_stops_on_drop.rs",
}

use stop_a_thread::repeat_until_stopped;
use worker_stops_on_drop::Worker;

/// Starts a thread that counts its rounds, calls `tell` with what stops it, and returns the count.
fn rounds(tell: fn(mpsc::SyncSender<()>)) -> u32 {
    let (stop, stopped) = mpsc::sync_channel(1);
    let worker = thread::spawn(move || {
        let mut rounds = 0;
        repeat_until_stopped(stopped, Duration::from_secs(10), || {
            thread::yield_now();
            rounds += 1;
        });
        rounds
    });
    tell(stop);
    worker.join().unwrap()
}

/// The message comes before the first round, during it, or in the pause after it.
#[test]
fn a_message_stops_the_thread() {
    let rounds = outcomes(|| rounds(|stop| stop.send(()).unwrap()));
    assert_eq!(rounds, [1].into());
}

#[test]
fn dropping_the_sender_stops_the_thread() {
    let rounds = outcomes(|| {
        rounds(|stop| {
            thread::yield_now(); // a drop alone is no step to the model
            drop(stop);
        })
    });
    assert_eq!(rounds, [1].into());
}

/// The second message may come when the thread has ended, and then nobody receives it.
#[test]
fn two_messages_stop_the_thread_and_nobody_waits_forever() {
    let rounds = outcomes(|| {
        rounds(|stop| {
            let other = stop.clone();
            let second = thread::spawn(move || {
                let _ = other.send(());
            });
            let _ = stop.send(());
            second.join().unwrap();
        })
    });
    assert_eq!(rounds, [1].into());
}

/// A worker, and the list of the jobs that are done.
fn worker(capacity: usize) -> (Worker<u32>, Arc<Mutex<Vec<u32>>>) {
    let done = Arc::new(Mutex::new(Vec::new()));
    let list = done.clone();
    let worker = Worker::start(capacity, move |job| list.lock().unwrap().push(job));
    (worker, done)
}

#[test]
fn all_jobs_are_done_in_order_when_the_drop_returns() {
    for capacity in [0, 1, 2] {
        let done = outcomes(move || {
            let (worker, done) = worker(capacity);
            worker.send(1).unwrap();
            worker.send(2).unwrap();
            drop(worker);
            done.lock().unwrap().clone()
        });
        assert_eq!(done, [vec![1, 2]].into(), "capacity {capacity}");
    }
}

#[test]
fn without_jobs_the_drop_returns() {
    let done = outcomes(|| {
        let (worker, done) = worker(1);
        drop(worker);
        done.lock().unwrap().clone()
    });
    assert_eq!(done, [vec![]].into());
}

/// The main thread and a job share the worker. Whoever drops it last, the next job is done, and
/// nobody waits for itself.
#[test]
fn a_job_may_drop_its_own_worker() {
    type Job = Box<dyn FnOnce() + Send>;
    let next_is_done = outcomes(|| {
        let worker = Arc::new(Worker::start(2, |job: Job| job()));
        let shared = worker.clone();
        let (done, is_done) = mpsc::sync_channel(1);
        let first: Job = Box::new(|| drop(shared));
        let next: Job = Box::new(move || done.send(()).unwrap());
        worker.send(first).unwrap();
        worker.send(next).unwrap();
        drop(worker);
        is_done.recv().is_ok()
    });
    assert_eq!(next_is_done, [true].into());
}
