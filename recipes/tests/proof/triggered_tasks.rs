use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, sleep_until, timeout};

#[path = "../../src/bin/triggered_tasks.rs"]
#[allow(dead_code)]
mod program;
use program::run_on_trigger;

const SECOND: Duration = Duration::from_secs(1);

/// Triggers at `triggers`, in seconds, and returns when runs of two seconds begin.
async fn begins(triggers: &[u64], pause: Duration) -> Vec<u64> {
    let start = Instant::now();
    let trigger = Notify::new();
    let mut begun = Vec::new();
    let worker = run_on_trigger(&trigger, pause, || {
        begun.push(start.elapsed().as_secs());
        sleep(2 * SECOND)
    });
    let send = async {
        for at in triggers {
            let at = start + Duration::from_secs(*at);
            if at > Instant::now() {
                sleep_until(at).await;
            }
            trigger.notify_one();
        }
        sleep(60 * SECOND).await;
    };
    tokio::select! {
        () = worker => unreachable!("it never returns"),
        () = send => {}
    }
    begun
}

#[tokio::test(start_paused = true)]
async fn triggers_far_apart_have_a_run_each() {
    assert_eq!(begins(&[1, 9, 20], SECOND).await, [1, 9, 20]);
}

#[tokio::test(start_paused = true)]
async fn a_burst_is_a_run_for_the_first_trigger_and_one_for_all_others() {
    assert_eq!(begins(&[1; 7], SECOND).await, [1, 4]);
}

#[tokio::test(start_paused = true)]
async fn triggers_during_a_run_make_one_more_run() {
    assert_eq!(begins(&[10, 11, 11], Duration::ZERO).await, [10, 12]);
}

#[tokio::test(start_paused = true)]
async fn triggers_in_the_pause_wait_for_its_end() {
    assert_eq!(begins(&[10, 13, 14], 5 * SECOND).await, [10, 17]);
}

#[tokio::test(start_paused = true)]
async fn a_trigger_that_was_not_answered_survives_a_drop() {
    let trigger = Notify::new();
    let runs = AtomicUsize::new(0);
    let task = async || {
        runs.fetch_add(1, Relaxed);
    };
    trigger.notify_one();
    let send_in_the_pause = async {
        sleep(SECOND).await;
        trigger.notify_one();
    };
    let worker = run_on_trigger(&trigger, 10 * SECOND, task);
    let (dropped, ()) = tokio::join!(timeout(2 * SECOND, worker), send_in_the_pause);
    assert!(dropped.is_err());
    assert_eq!(runs.load(Relaxed), 1);

    let worker = run_on_trigger(&trigger, SECOND, task);
    timeout(2 * SECOND, worker).await.unwrap_err();
    assert_eq!(runs.load(Relaxed), 2);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_last_run_sees_what_was_written_before_the_last_trigger() {
    static VALUE: AtomicUsize = AtomicUsize::new(0);
    static SEEN: AtomicUsize = AtomicUsize::new(0);
    static TRIGGER: Notify = Notify::const_new();
    let worker = tokio::spawn(run_on_trigger(&TRIGGER, Duration::ZERO, async || {
        SEEN.store(VALUE.load(Relaxed), Relaxed);
    }));
    for round in 1..=2000 {
        VALUE.store(round, Relaxed);
        TRIGGER.notify_one();
        let seen = async {
            while SEEN.load(Relaxed) < round {
                yield_now().await;
            }
        };
        let seen = timeout(10 * SECOND, seen).await;
        assert!(seen.is_ok(), "the trigger of round {round} was lost");
    }
    worker.abort();
}
