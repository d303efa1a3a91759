use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::time::Duration;

use futures::FutureExt;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

#[path = "../../src/bin/shield_by_spawn.rs"]
#[allow(dead_code)]
mod program;
use program::shield;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn whoever_waits_gets_the_value() {
    let tasks = TaskTracker::new();
    assert_eq!(shield(&tasks, async { 42 }).await, 42);
}

#[tokio::test(start_paused = true)]
async fn dropped_half_way_the_work_goes_on_and_shutdown_waits_for_it() {
    let tasks = TaskTracker::new();
    let done = Arc::new(AtomicBool::new(false));
    let set_done = done.clone();
    let work = async move {
        sleep(SECOND * 60).await;
        set_done.store(true, Relaxed);
    };
    let waited = timeout(SECOND, shield(&tasks, work)).await;
    assert!(waited.is_err());
    assert_eq!(tasks.len(), 1);

    tasks.close();
    tasks.wait().await;
    assert!(done.load(Relaxed));
}

#[tokio::test]
async fn dropped_before_its_first_poll_the_work_never_starts() {
    let tasks = TaskTracker::new();
    let waiting = shield(&tasks, async {});
    drop(waiting);
    assert_eq!(tasks.len(), 0);
}

#[tokio::test]
async fn a_panic_reaches_whoever_waits() {
    let tasks = TaskTracker::new();
    let caller = tasks.clone();
    let waiting =
        tokio::spawn(async move { shield(&caller, async { panic!("in the work") }).await });
    let error = waiting.await.unwrap_err();
    assert_eq!(error.into_panic().downcast_ref(), Some(&"in the work"));
    tasks.close();
    tasks.wait().await;
}

#[tokio::test]
async fn a_panic_that_nobody_waits_for_does_not_hold_up_the_shutdown() {
    let tasks = TaskTracker::new();
    let (open_gate, gate) = oneshot::channel::<()>();
    let work = async {
        let _ = gate.await;
        panic!("in the work");
    };
    let waiting = Box::pin(shield(&tasks, work));
    assert!(waiting.now_or_never().is_none());
    open_gate.send(()).unwrap();
    tasks.close();
    tasks.wait().await;
    assert_eq!(tasks.len(), 0);
}
