//! The times at which a triggered task runs, in virtual time, and exact.

#![cfg(feature = "file_events")]

use std::convert::Infallible;
use std::time::Duration;

use tokio::select;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

#[path = "../../src/bin/triggered_tasks.rs"]
#[allow(dead_code)]
mod program;

/// When a task of 25 ms began, in milliseconds, that was triggered every 10 ms.
async fn runs_after(triggers: u32, quiet: u64, at_most: u64) -> Vec<u128> {
    let (trigger, start, mut begun) = (Notify::new(), Instant::now(), Vec::new());
    let task = || {
        begun.push(start.elapsed().as_millis());
        async {
            sleep(Duration::from_millis(25)).await;
            Ok::<_, Infallible>(())
        }
    };
    let script = async {
        for _ in 0..triggers {
            trigger.notify_one();
            sleep(Duration::from_millis(10)).await;
        }
        sleep(Duration::from_secs(60)).await;
    };
    let [quiet, at_most] = [quiet, at_most].map(Duration::from_millis);
    select! {
        never = program::run_triggered(&trigger, quiet, at_most, task) => match never {},
        () = script => begun,
    }
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_two_runs() {
    assert_eq!(runs_after(7, 30, 1000).await, [0, 90]); // the last trigger at 60
    assert_eq!(runs_after(2, 30, 1000).await, [0, 55]); // when the first run has ended
    assert_eq!(runs_after(1, 30, 1000).await, [0]);
    assert_eq!(runs_after(0, 30, 1000).await, []);
}

#[tokio::test(start_paused = true)]
async fn a_burst_without_end_does_not_put_it_off() {
    assert_eq!(runs_after(70, 30, 220).await, [0, 245, 490, 720]);
}

#[tokio::test(start_paused = true)]
async fn what_comes_during_a_canceled_run_is_kept() {
    let trigger = Notify::new();
    trigger.notify_one();
    let canceled = program::run_triggered(&trigger, Duration::ZERO, Duration::ZERO, || async {
        trigger.notify_one();
        sleep(Duration::from_secs(60)).await;
        Ok::<_, Infallible>(())
    });
    select! {
        never = canceled => match never {},
        () = sleep(Duration::from_secs(1)) => {}
    }
    trigger.notified().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_ends_it() {
    let trigger = Notify::new();
    trigger.notify_one();
    let task = async || Err("no");
    let ended = program::run_triggered(&trigger, Duration::ZERO, Duration::ZERO, task).await;
    assert_eq!(ended, Err("no"));
}

#[tokio::test]
async fn it_can_be_spawned() {
    let trigger = std::sync::Arc::new(Notify::new());
    let task = tokio::spawn(async move {
        program::run_triggered(&trigger, Duration::ZERO, Duration::ZERO, async || Err("no")).await
    });
    task.abort();
    assert!(task.await.is_err_and(|error| error.is_cancelled()));
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_nobody_answered_is_kept() {
    // Dropped in the first run, in it with a trigger that came during it, in the quiet time after
    // that, at its end, and after the second run.
    for (millis, kept) in [(1, false), (8, true), (20, true), (100, true), (150, false)] {
        let trigger = Notify::new();
        let (quiet, at_most) = (Duration::from_millis(100), Duration::from_secs(1));
        let task = async || {
            sleep(Duration::from_millis(10)).await;
            Ok::<_, Infallible>(())
        };
        trigger.notify_one();
        let script = async {
            sleep(Duration::from_millis(5)).await;
            if millis > 5 {
                trigger.notify_one(); // during the first run, which ends after 10 ms
            }
            sleep(Duration::from_millis(millis.max(5) - 5)).await;
        };
        select! {
            never = program::run_triggered(&trigger, quiet, at_most, task) => match never {},
            () = script => {}
        }
        let found = tokio::time::timeout(Duration::ZERO, trigger.notified())
            .await
            .is_ok();
        assert_eq!(found, kept, "after {millis} ms");
    }
}
