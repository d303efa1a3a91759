use std::time::Duration;

use futures::poll;
use tokio::sync::Barrier;
use tokio::time::timeout;

#[path = "../../src/bin/async_event.rs"]
#[allow(dead_code)]
mod program;
use program::Event;

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn a_set_before_anybody_waits_is_not_missed() {
    let event = Event::new();
    let mut created_before = Box::pin(event.wait());
    event.set();
    assert!(poll!(&mut created_before).is_ready());
    let mut created_after = Box::pin(event.wait());
    assert!(poll!(&mut created_after).is_ready());
}

#[tokio::test]
async fn a_canceled_task_takes_no_wake_up_from_another_one() {
    let event = Event::new();
    let mut first = Box::pin(event.wait());
    let mut second = Box::pin(event.wait());
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    drop(first); // canceled
    event.set();
    event.set(); // twice is once
    assert!(poll!(&mut second).is_ready());
}

#[tokio::test]
async fn clear_stops_those_who_have_not_run_since_set() {
    let event = Event::new();
    let mut waiting = Box::pin(event.wait());
    assert!(poll!(&mut waiting).is_pending());
    event.set();
    event.clear();
    assert!(poll!(&mut waiting).is_pending());
    assert!(!event.is_set());
    event.set();
    assert!(poll!(&mut waiting).is_ready());
}

#[tokio::test(start_paused = true)]
async fn a_task_that_is_canceled_at_a_barrier_has_arrived() {
    let barrier = Barrier::new(2);
    let canceled = timeout(SECOND, barrier.wait()).await;
    assert!(canceled.is_err());
    let alone = timeout(SECOND, barrier.wait()).await;
    assert!(alone.is_ok());
}
