use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use tokio::sync::oneshot;
use tokio::task::{JoinError, JoinHandle, yield_now};

#[path = "../../src/bin/task_lifecycle.rs"]
#[allow(dead_code)]
mod program;
use program::on_end;

/// Waits until the callback of `task` has run, and returns what it got.
async fn seen_by_callback(task: JoinHandle<u32>) -> Result<u32, JoinError> {
    let calls = Arc::new(AtomicUsize::new(0));
    let counter = calls.clone();
    let (tell, seen) = oneshot::channel();
    let watcher = on_end(task, move |ended| {
        counter.fetch_add(1, Relaxed);
        tell.send(ended).unwrap();
    });
    watcher.await.unwrap();
    assert_eq!(calls.load(Relaxed), 1);
    seen.await.unwrap()
}

#[tokio::test]
async fn the_callback_gets_the_value() {
    let task = tokio::spawn(async { 42 });
    assert_eq!(seen_by_callback(task).await.unwrap(), 42);
}

#[tokio::test]
async fn a_task_that_has_ended_before_is_no_exception() {
    let task = tokio::spawn(async { 42 });
    while !task.is_finished() {
        yield_now().await;
    }
    assert_eq!(seen_by_callback(task).await.unwrap(), 42);
}

#[tokio::test]
async fn the_callback_gets_a_panic() {
    let task = tokio::spawn(async { panic!("in the task") });
    let error = seen_by_callback(task).await.unwrap_err();
    assert_eq!(error.into_panic().downcast_ref(), Some(&"in the task"));
}

#[tokio::test]
async fn a_task_canceled_before_its_first_poll_calls_back_too() {
    let task = tokio::spawn(pending());
    task.abort();
    let error = seen_by_callback(task).await.unwrap_err();
    assert!(error.is_cancelled());
}

#[tokio::test]
async fn the_callback_runs_although_nobody_holds_a_handle() {
    let (open_gate, gate) = oneshot::channel();
    let (tell, seen) = oneshot::channel();
    let task = tokio::spawn(gate);
    let watcher = on_end(task, |ended| tell.send(ended.unwrap()).unwrap());
    drop(watcher);
    open_gate.send(42).unwrap();
    assert_eq!(seen.await, Ok(Ok(42)));
}
