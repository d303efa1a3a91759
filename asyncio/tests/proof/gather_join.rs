use std::future::Ready;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{sleep, timeout};
use tokio::{spawn, try_join};

#[path = "../../src/bin/gather_join.rs"]
#[allow(dead_code)]
mod program;
use program::gather;

const SECOND: Duration = Duration::from_secs(1);

/// Holds `alive` and fails after so many seconds.
async fn fail(alive: Arc<()>, seconds: u32) -> Result<(), u32> {
    let _alive = alive;
    sleep(SECOND * seconds).await;
    Err(seconds)
}

#[tokio::test(start_paused = true)]
async fn values_and_errors_come_in_the_order_of_the_futures() {
    let futures = [3, 1, 4, 2].map(async |seconds: u32| {
        sleep(SECOND * seconds).await;
        if seconds.is_multiple_of(2) {
            return Err(seconds);
        }
        Ok(seconds)
    });
    assert_eq!(gather(futures).await, (vec![3, 1], vec![4, 2]));
}

#[tokio::test]
async fn no_futures_are_no_results() {
    let none: [Ready<Result<(), ()>>; 0] = [];
    assert_eq!(gather(none).await, (vec![], vec![]));
}

#[tokio::test(start_paused = true)]
async fn dropped_half_way_it_drops_all_futures() {
    let alive = Arc::new(());
    let futures = [1, 60].map(|seconds| fail(alive.clone(), seconds));
    let gathered = timeout(SECOND * 2, gather(futures)).await;
    assert!(gathered.is_err());
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[tokio::test(start_paused = true)]
async fn at_the_first_error_try_join_drops_the_others() {
    let alive = Arc::new(());
    let first = try_join!(fail(alive.clone(), 1), fail(alive.clone(), 60));
    assert_eq!(first, Err(1));
    assert_eq!(Arc::strong_count(&alive), 1);
}

#[tokio::test(start_paused = true)]
async fn over_the_handles_of_tasks_it_drops_only_the_handles() {
    let alive = Arc::new(());
    let task = async |seconds| spawn(fail(alive.clone(), seconds)).await.unwrap();
    let first = try_join!(task(1), task(60));
    assert_eq!(first, Err(1));
    assert_eq!(
        Arc::strong_count(&alive),
        2,
        "the second task is still there"
    );
}
