use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

#[path = "../../src/bin/scheduled_tasks.rs"]
#[allow(dead_code)]
mod program;
use program::{at, every};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn canceled_during_a_run_it_finishes_that_run_and_begins_no_other() {
    // The next tick is due when the run ends: without an order, half of the attempts begin a run.
    for _ in 0..50 {
        let begun = AtomicUsize::new(0);
        let ended = AtomicUsize::new(0);
        let stop = CancellationToken::new();
        let schedule = every(SECOND, stop.clone(), async || {
            begun.fetch_add(1, Relaxed);
            sleep(5 * SECOND).await;
            ended.fetch_add(1, Relaxed);
        });
        let cancel = async {
            sleep(2 * SECOND).await;
            stop.cancel();
        };
        tokio::join!(schedule, cancel);
        assert_eq!(begun.into_inner(), 1);
        assert_eq!(ended.into_inner(), 1);
    }
}

#[tokio::test(start_paused = true)]
async fn missed_ticks_become_one_run_and_the_rhythm_stays() {
    let start = Instant::now();
    let mut begun = Vec::new();
    let schedule = every(2 * SECOND, CancellationToken::new(), || {
        begun.push(start.elapsed().as_secs());
        let length = if begun.len() == 1 { 7 } else { 0 };
        sleep(length * SECOND)
    });
    timeout(13 * SECOND, schedule).await.unwrap_err();
    assert_eq!(begun, [0, 7, 8, 10, 12]);
}

#[tokio::test(start_paused = true)]
async fn a_job_that_is_canceled_before_its_time_never_runs() {
    let stop = CancellationToken::new();
    let later = Instant::now() + SECOND;
    let job = at(later, stop.clone(), async { panic!("it runs") });
    stop.cancel();
    assert_eq!(job.await, None);
}

#[tokio::test(start_paused = true)]
async fn a_job_whose_time_is_past_runs_at_once() {
    let now = Instant::now();
    let past = now.checked_sub(SECOND).unwrap_or(now);
    let value = at(past, CancellationToken::new(), async { 7 }).await;
    assert_eq!(value, Some(7));
    assert_eq!(now.elapsed(), Duration::ZERO);
}
