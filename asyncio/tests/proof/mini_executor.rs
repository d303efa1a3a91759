use std::future::{pending, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::thread;
use std::time::Duration;

use futures::channel::oneshot::{self, Receiver};
use tokio::task::yield_now;

#[path = "../../src/bin/mini_executor.rs"]
#[allow(dead_code)]
mod program;
use program::Executor;

/// Waits for the answer, and counts how often it is polled meanwhile.
async fn receive(answer: Receiver<u32>, polls: Arc<AtomicUsize>) -> u32 {
    let mut answer = pin!(answer);
    let counted = poll_fn(|context| {
        polls.fetch_add(1, Relaxed);
        answer.as_mut().poll(context)
    });
    counted.await.unwrap()
}

/// Runs the executor on a thread. Fails if it does not end, and returns whether it panicked.
fn run(executor: Executor) -> thread::Result<()> {
    let (end, ended) = mpsc::channel::<()>();
    let runner = thread::spawn(move || {
        let _end = end; // dropped when the thread ends
        executor.run();
    });
    let in_time = ended.recv_timeout(Duration::from_secs(10));
    assert_eq!(in_time, Err(RecvTimeoutError::Disconnected), "it hangs");
    runner.join()
}

#[test]
fn a_task_that_waits_is_polled_only_when_it_is_woken() {
    let executor = Executor::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let (send, answer) = oneshot::channel();
    let waits = receive(answer, polls.clone());
    executor.spawn(async {
        assert_eq!(waits.await, 42);
    });
    executor.spawn(async {
        for _ in 0..1000 {
            yield_now().await;
        }
        send.send(42).unwrap();
    });
    run(executor).unwrap();
    assert_eq!(polls.load(Relaxed), 2);
}

#[test]
fn another_thread_may_call_the_waker() {
    let executor = Executor::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let (send, answer) = oneshot::channel();
    let waits = receive(answer, polls.clone());
    let (tell_answer, answered) = mpsc::channel();
    executor.spawn(async move {
        tell_answer.send(waits.await).unwrap();
    });
    let other_thread = thread::spawn(move || {
        while polls.load(Relaxed) == 0 {
            thread::yield_now(); // the task does not wait yet
        }
        send.send(42).unwrap();
    });
    run(executor).unwrap();
    other_thread.join().unwrap();
    assert_eq!(answered.try_recv(), Ok(42));
}

#[test]
fn a_task_that_has_ended_is_not_polled_again() {
    let executor = Executor::new();
    let polls = Arc::new(AtomicUsize::new(0));
    let waker = Arc::new(Mutex::new(None));
    let count = polls.clone();
    let kept = waker.clone();
    executor.spawn(poll_fn(move |context| {
        if count.fetch_add(1, Relaxed) == 0 {
            *kept.lock().unwrap() = Some(context.waker().clone());
        }
        Poll::Ready(())
    }));
    executor.spawn(async move {
        let waker = waker.lock().unwrap().take().unwrap();
        waker.wake();
    });
    run(executor).unwrap();
    assert_eq!(polls.load(Relaxed), 1);
}

#[test]
fn it_ends_when_nobody_can_wake_a_task_any_more() {
    let executor = Executor::new();
    let alive = Arc::new(());
    let held = alive.clone();
    executor.spawn(async move {
        let _held = held;
        pending().await
    });
    run(executor).unwrap();
    assert_eq!(Arc::strong_count(&alive), 1, "the task is dropped");
}

#[test]
fn a_panic_in_a_task_comes_out_of_run_and_the_others_are_dropped() {
    let executor = Executor::new();
    let alive = Arc::new(());
    let held = alive.clone();
    executor.spawn(async { panic!("in a task") });
    executor.spawn(async move {
        let _held = held;
        pending().await
    });
    assert!(run(executor).is_err());
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[test]
fn without_tasks_it_ends_at_once() {
    run(Executor::new()).unwrap();
}
