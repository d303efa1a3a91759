use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, bail};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

#[path = "../../src/bin/monitor_watchdog.rs"]
#[allow(dead_code)]
mod program;
use program::{Change, Heartbeat, watch};

const LIMIT: Duration = Duration::from_secs(5);
const JUST_IN_TIME: Duration = Duration::from_millis(4999);
const TOO_LATE: Duration = Duration::from_millis(5001);

/// Watches the worker, and returns what was reported and how it ended.
async fn watch_all(
    worker: JoinHandle<Result<()>>,
    heartbeat: Heartbeat,
) -> (Vec<Change>, Result<()>) {
    let mut changes = Vec::new();
    let ended = watch(worker, &heartbeat, LIMIT, |change| changes.push(change)).await;
    (changes, ended)
}

#[tokio::test(start_paused = true)]
async fn a_worker_that_beats_in_time_is_never_named() {
    let heartbeat = Heartbeat::default();
    let beating = heartbeat.clone();
    let worker = tokio::spawn(async move {
        for _ in 0..100 {
            sleep(JUST_IN_TIME).await;
            beating.beat();
        }
        Ok(())
    });
    let (changes, ended) = watch_all(worker, heartbeat).await;
    assert_eq!(changes, []);
    assert!(ended.is_ok());
}

#[tokio::test(start_paused = true)]
async fn each_stall_is_reported_once_and_so_is_each_recovery() {
    let heartbeat = Heartbeat::default();
    let beating = heartbeat.clone();
    let worker = tokio::spawn(async move {
        for _ in 0..2 {
            sleep(10 * LIMIT).await;
            beating.beat();
            sleep(JUST_IN_TIME).await;
            beating.beat();
        }
        Ok(())
    });
    let (changes, ended) = watch_all(worker, heartbeat).await;
    use Change::{Recovered, Stalled};
    assert_eq!(changes, [Stalled, Recovered, Stalled, Recovered]);
    assert!(ended.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_stalled_worker_that_fails_has_not_recovered_and_not_ended_well() {
    let returns_error = tokio::spawn(async {
        sleep(TOO_LATE).await;
        bail!("the disk is full")
    });
    let panics = tokio::spawn(async {
        sleep(TOO_LATE).await;
        panic!("a bug")
    });
    let is_aborted = tokio::spawn(pending());
    let abort = is_aborted.abort_handle();
    tokio::spawn(async move {
        sleep(TOO_LATE).await;
        abort.abort();
    });
    let workers = [
        (returns_error, "the disk is full"),
        (panics, "a bug"),
        (is_aborted, "cancelled"),
    ];
    for (worker, reason) in workers.map(|(worker, reason)| {
        let watching = tokio::spawn(watch_all(worker, Heartbeat::default()));
        (watching, reason)
    }) {
        let (changes, ended) = worker.await.unwrap();
        assert_eq!(changes, [Change::Stalled], "{reason}");
        let error = ended.unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_heartbeat_and_an_error_at_the_same_moment_are_both_reported() {
    let heartbeat = Heartbeat::default();
    let beating = heartbeat.clone();
    let worker = tokio::spawn(async move {
        sleep(TOO_LATE).await;
        beating.beat();
        bail!("the disk is full")
    });
    let (changes, ended) = watch_all(worker, heartbeat).await;
    assert_eq!(changes, [Change::Stalled, Change::Recovered]);
    assert!(ended.is_err());
}

#[tokio::test(start_paused = true)]
async fn dropping_the_watchdog_aborts_the_worker() {
    let alive = Arc::new(());
    let held = alive.clone();
    let worker = tokio::spawn(async move {
        let _held = held;
        pending().await
    });
    let watching = watch_all(worker, Heartbeat::default());
    assert!(timeout(10 * LIMIT, watching).await.is_err());
    sleep(LIMIT).await;
    assert_eq!(Arc::strong_count(&alive), 1);
}
