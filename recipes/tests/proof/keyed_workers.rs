use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use futures::future::{BoxFuture, FutureExt};
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

#[path = "../../src/bin/keyed_workers.rs"]
#[allow(dead_code)]
mod program;
use program::KeyedWorkers;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_jobs_of_each_key_run_in_order_and_none_is_lost() {
    const KEYS: usize = 8;
    const JOBS: usize = 2000;
    let workers = Arc::new(KeyedWorkers::new(16));
    let done: Arc<Mutex<HashMap<usize, Vec<usize>>>> = Arc::default();
    let mut producers = JoinSet::new();
    for key in 0..KEYS {
        let workers = workers.clone();
        let done = done.clone();
        producers.spawn(async move {
            for job in 0..JOBS {
                let done = done.clone();
                let job = async move {
                    tokio::task::yield_now().await;
                    done.lock().unwrap().entry(key).or_default().push(job);
                };
                workers.submit(key, job).await;
            }
        });
    }
    producers.join_all().await;
    workers.finish().await;
    let done = done.lock().unwrap();
    for key in 0..KEYS {
        assert_eq!(done[&key], Vec::from_iter(0..JOBS));
    }
    assert_eq!(workers.busy_keys(), 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn two_jobs_of_one_key_never_run_at_once() {
    static RUNNING: AtomicBool = AtomicBool::new(false);
    static TWICE: AtomicUsize = AtomicUsize::new(0);
    let workers = KeyedWorkers::new(4);
    for _ in 0..2000 {
        let job = async {
            if RUNNING.swap(true, Relaxed) {
                TWICE.fetch_add(1, Relaxed);
            }
            tokio::task::yield_now().await;
            RUNNING.store(false, Relaxed);
        };
        workers.submit("key", job).await;
    }
    workers.finish().await;
    assert_eq!(TWICE.load(Relaxed), 0);
}

#[tokio::test]
async fn jobs_of_different_keys_run_at_once() {
    let workers = KeyedWorkers::new(5);
    let all_run = Arc::new(Barrier::new(5));
    for key in 0..5 {
        let all_run = all_run.clone();
        let job = async move {
            all_run.wait().await;
        };
        workers.submit(key, job).await;
    }
    timeout(10 * SECOND, workers.finish()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn no_more_jobs_than_the_capacity_are_accepted() {
    let workers = KeyedWorkers::new(2);
    let gate = Arc::new(Semaphore::new(0));
    let job = || {
        let gate = gate.clone();
        async move { gate.acquire().await.unwrap().forget() }
    };
    workers.submit("a", job()).await;
    workers.submit("a", job()).await;
    let third = timeout(SECOND, workers.submit("b", job())).await;
    assert!(third.is_err(), "the third waits");
    assert_eq!(workers.busy_keys(), 1, "and was not queued");

    gate.add_permits(1);
    timeout(SECOND, workers.submit("b", job())).await.unwrap();
    gate.add_permits(2);
    workers.finish().await;
    assert_eq!(workers.busy_keys(), 0);
}

#[tokio::test]
async fn after_a_job_that_panics_the_next_one_of_its_key_runs() {
    let workers = KeyedWorkers::new(1);
    let done = Arc::new(AtomicUsize::new(0));
    for number in 0..3 {
        let done = done.clone();
        let job: BoxFuture<()> = match number {
            1 => async { panic!("a panic in a job") }.boxed(),
            _ => async move { done.store(number, Relaxed) }.boxed(),
        };
        workers.submit("key", job).await;
    }
    workers.finish().await;
    assert_eq!(done.load(Relaxed), 2);
}

#[tokio::test(start_paused = true)]
async fn jobs_that_wait_run_even_when_the_workers_are_dropped() {
    let done = Arc::new(AtomicUsize::new(0));
    let workers = KeyedWorkers::new(3);
    for _ in 0..3 {
        let done = done.clone();
        let job = async move {
            sleep(SECOND).await;
            done.fetch_add(1, Relaxed);
        };
        workers.submit("key", job).await;
    }
    drop(workers);
    sleep(4 * SECOND).await;
    assert_eq!(done.load(Relaxed), 3);
}
