//! A thread that is told to stop does stop, whenever the word comes, and nothing sent to it is lost.
//!
//! A timed wait never times out here, so every nap lasts until the word comes.

extern crate std_model as std;

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::Duration;

use models::outcomes;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../threading/src/bin/stop_a_thread.rs"]
mod stop_a_thread;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../threading/src/bin/worker_stops_on_drop.rs"]
mod worker_stops_on_drop;

use stop_a_thread::rounds_until_stopped;
use worker_stops_on_drop::Worker;

const NAP: Duration = Duration::from_secs(10);

/// The word comes before the first round, during it, or in the nap behind it.
#[test]
fn told_to_stop() {
    let rounds = outcomes(|| {
        let (stopper, stop) = mpsc::sync_channel(1);
        let worker = thread::spawn(move || rounds_until_stopped(&stop, NAP, thread::yield_now));
        stopper.send(()).unwrap();
        worker.join().unwrap()
    });
    assert_eq!(rounds, [0, 1].into());
}

#[test]
fn owner_dropped_the_sender() {
    let rounds = outcomes(|| {
        let (stopper, stop) = mpsc::sync_channel(1);
        let worker = thread::spawn(move || rounds_until_stopped(&stop, NAP, thread::yield_now));
        thread::yield_now(); // a drop alone is no step to the model
        drop(stopper);
        worker.join().unwrap()
    });
    assert_eq!(rounds, [0, 1].into());
}

/// Told twice, by two threads, the second time perhaps when it has stopped: nobody waits forever.
#[test]
fn told_twice() {
    let rounds = outcomes(|| {
        let (stopper, stop) = mpsc::sync_channel(1);
        let worker = thread::spawn(move || rounds_until_stopped(&stop, NAP, || {}));
        let other = stopper.clone();
        let telling = thread::spawn(move || _ = other.send(()));
        let _ = stopper.send(());
        telling.join().unwrap();
        worker.join().unwrap()
    });
    assert_eq!(rounds, [0, 1].into());
}

/// What was sent is done when the owner has dropped the worker, and in its order, with any queue.
fn done_after_drop(capacity: usize) {
    let done = outcomes(move || {
        let done = Arc::new(Mutex::new(Vec::new()));
        let writer = done.clone();
        let work = move |jobs: mpsc::Receiver<u32>| {
            jobs.iter().for_each(|job| writer.lock().unwrap().push(job));
        };
        let worker = Worker::start("worker", capacity, work).unwrap();
        worker.send(1).unwrap();
        worker.send(2).unwrap();
        drop(worker);
        done.lock().unwrap().clone()
    });
    assert_eq!(done, [vec![1, 2]].into());
}

#[test]
fn done_after_drop_queue_of_0() {
    done_after_drop(0);
}

#[test]
fn done_after_drop_queue_of_1() {
    done_after_drop(1);
}

#[test]
fn done_after_drop_queue_of_2() {
    done_after_drop(2);
}

#[test]
fn nothing_sent() {
    let count = outcomes(|| {
        let worker = Worker::start("worker", 1, |jobs: mpsc::Receiver<u32>| jobs.iter().count());
        worker.unwrap().finish().unwrap()
    });
    assert_eq!(count, [0].into());
}

/// The thread has returned after one job: the owner gets the second back, or it is lost with the
/// queue that it lies in. Nobody waits forever.
#[test]
fn thread_has_returned() {
    let outcomes = outcomes(|| {
        let first = |jobs: mpsc::Receiver<u32>| {
            let job = jobs.recv().unwrap_or(0);
            thread::yield_now(); // nor is that of the queue
            job
        };
        let worker = Worker::start("worker", 1, first).unwrap();
        let given_back = [1, 2].map(|job| worker.send(job).err().map(|error| error.0));
        (given_back, worker.finish().unwrap())
    });
    assert_eq!(outcomes, [([None, None], 1), ([None, Some(2)], 1)].into());
}

/// The last owner is the thread itself: it does not wait for itself, and does its jobs.
#[test]
fn dropped_by_its_own_thread() {
    let done = outcomes(|| {
        let (gate, opened) = mpsc::sync_channel::<Worker<u32>>(1);
        let done = Arc::new(AtomicUsize::new(0));
        let count = done.clone();
        let (end, ended) = mpsc::sync_channel::<()>(1);
        let worker = Worker::start("worker", 1, move |jobs: mpsc::Receiver<u32>| {
            let _end = end; // dropped when the thread ends
            drop(opened.recv());
            jobs.iter().for_each(|_| _ = count.fetch_add(1, Relaxed));
        });
        let worker = worker.unwrap();
        worker.send(1).unwrap();
        gate.send(worker)
            .unwrap_or_else(|_| panic!("it waits for it"));
        let _ = ended.recv();
        done.load(Relaxed)
    });
    assert_eq!(done, [1].into());
}
