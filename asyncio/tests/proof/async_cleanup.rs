use std::future::{pending, ready};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use futures::FutureExt;
use tokio::runtime::Runtime;
use tokio::time::{sleep, timeout};
use tokio_util::task::TaskTracker;

#[path = "../../src/bin/async_cleanup.rs"]
#[allow(dead_code)]
mod program;
use program::with_clean_up;

const SECOND: Duration = Duration::from_secs(1);

/// Counts how often it was closed.
#[derive(Clone, Default)]
struct Resource {
    opened: Arc<AtomicUsize>,
    closing: Arc<AtomicUsize>,
    closed: Arc<AtomicUsize>,
}

impl Resource {
    async fn open(self) -> Result<Self, &'static str> {
        sleep(SECOND).await;
        self.opened.fetch_add(1, Relaxed);
        Ok(self)
    }

    async fn close(self) {
        self.closing.fetch_add(1, Relaxed);
        sleep(SECOND).await;
        self.closed.fetch_add(1, Relaxed);
    }

    /// How often it was opened, began to be closed, and was closed.
    fn counts(&self) -> [usize; 3] {
        [&self.opened, &self.closing, &self.closed].map(|count| count.load(Relaxed))
    }
}

async fn wait_for_all(tasks: &TaskTracker) {
    tasks.close();
    tasks.wait().await;
}

#[tokio::test(start_paused = true)]
async fn after_success_and_after_an_error_it_has_run_once_when_the_caller_goes_on() {
    for expected in [Ok("hello"), Err("no such mail")] {
        let tasks = TaskTracker::new();
        let resource = Resource::default();
        let work = async |resource: &mut Resource| {
            sleep(SECOND).await;
            assert_eq!(resource.counts(), [1, 0, 0]);
            expected
        };
        let open = resource.clone().open();
        let result = with_clean_up(&tasks, open, work, Resource::close).await;
        assert_eq!(result, expected);
        assert_eq!(resource.counts(), [1, 1, 1]);
        wait_for_all(&tasks).await;
        assert_eq!(resource.counts(), [1, 1, 1]);
    }
}

#[tokio::test]
async fn an_error_of_open_is_returned_and_nothing_is_cleaned_up() {
    let tasks = TaskTracker::new();
    let open = ready(Err::<Resource, _>("refused"));
    let work = async |_: &mut Resource| Ok(());
    let result = with_clean_up(&tasks, open, work, Resource::close).await;
    assert_eq!(result, Err("refused"));
    assert!(tasks.is_empty());
}

/// Drops the future when it has waited for so long; then lets the clean-up end.
async fn counts_when_dropped_after(wait: Duration) -> [[usize; 3]; 2] {
    let tasks = TaskTracker::new();
    let resource = Resource::default();
    let open = resource.clone().open();
    let work = async |_: &mut Resource| {
        sleep(SECOND).await;
        Ok(())
    };
    let waiting = with_clean_up(&tasks, open, work, Resource::close);
    let waited = timeout(wait, waiting).await;
    assert!(waited.is_err());
    let when_dropped = resource.counts();
    wait_for_all(&tasks).await;
    [when_dropped, resource.counts()]
}

#[tokio::test(start_paused = true)]
async fn dropped_while_opening_there_is_nothing_to_clean_up() {
    let counts = counts_when_dropped_after(SECOND / 2).await;
    assert_eq!(counts, [[0, 0, 0], [0, 0, 0]]);
}

#[tokio::test(start_paused = true)]
async fn dropped_during_the_work_it_runs_once() {
    let counts = counts_when_dropped_after(SECOND * 3 / 2).await;
    assert_eq!(counts, [[1, 0, 0], [1, 1, 1]]);
}

#[tokio::test(start_paused = true)]
async fn dropped_during_the_clean_up_it_goes_on_to_its_end() {
    let counts = counts_when_dropped_after(SECOND * 5 / 2).await;
    assert_eq!(counts, [[1, 1, 0], [1, 1, 1]]);
}

#[tokio::test(start_paused = true)]
async fn after_a_panic_in_the_work_it_runs_once() {
    let tasks = TaskTracker::new();
    let resource = Resource::default();
    let open = resource.clone().open();
    let tracker = tasks.clone();
    let task = tokio::spawn(async move {
        let work = async |resource: &mut Resource| {
            sleep(SECOND).await;
            panic!("in the work, {:?}", resource.counts());
        };
        let result: Result<(), _> = with_clean_up(&tracker, open, work, Resource::close).await;
        result
    });
    let error = task.await.unwrap_err();
    let message = error.into_panic().downcast::<String>().unwrap();
    assert_eq!(*message, "in the work, [1, 0, 0]");
    wait_for_all(&tasks).await;
    assert_eq!(resource.counts(), [1, 1, 1]);
}

#[tokio::test]
async fn a_panic_in_the_clean_up_reaches_the_caller() {
    let task = tokio::spawn(async move {
        let tasks = TaskTracker::new();
        let open = ready(Ok::<_, &str>(()));
        let clean_up = async |()| panic!("in the clean-up");
        with_clean_up(&tasks, open, async |()| Ok(()), clean_up).await
    });
    let error = task.await.unwrap_err();
    assert_eq!(error.into_panic().downcast_ref(), Some(&"in the clean-up"));
}

#[test]
fn it_runs_also_when_the_future_is_dropped_outside_of_the_runtime() {
    let runtime = Runtime::new().unwrap();
    let tasks = TaskTracker::new();
    let resource = Resource::default();
    let open = ready(Ok::<_, &str>(resource.clone()));
    let work = async |_: &mut Resource| pending::<Result<(), &str>>().await;
    let mut waiting = Box::pin(with_clean_up(&tasks, open, work, Resource::close));
    let polled = runtime.block_on(async { (&mut waiting).now_or_never() });
    assert!(polled.is_none());
    drop(waiting);
    runtime.block_on(wait_for_all(&tasks));
    assert_eq!(resource.counts(), [0, 1, 1]);
}
