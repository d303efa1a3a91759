use std::cell::RefCell;
use std::thread;
use std::time::Duration;

use tokio::sync::oneshot;
use tokio::task;

#[path = "../../src/bin/find_blocking_task.rs"]
#[allow(dead_code)]
mod program;
use program::report_slow_polls;

const LIMIT: Duration = Duration::from_millis(200);
const LONGER: Duration = Duration::from_millis(300);

/// What is reported about `future`, and what it returns.
async fn reports_of<F: Future>(future: F) -> (Vec<(String, Duration)>, F::Output) {
    let reports = RefCell::new(Vec::new());
    let report = |name: &str, took| reports.borrow_mut().push((name.to_owned(), took));
    let output = report_slow_polls("the task", future, LIMIT, report).await;
    (reports.into_inner(), output)
}

#[tokio::test]
async fn a_task_that_waits_for_long_is_not_reported() {
    let (sender, answer) = oneshot::channel();
    let other_thread = thread::spawn(move || {
        thread::sleep(LONGER);
        sender.send(42).unwrap();
    });
    let (reports, output) = reports_of(answer).await;
    assert_eq!(reports, []);
    assert_eq!(output, Ok(42));
    other_thread.join().unwrap();
}

#[tokio::test]
async fn each_poll_that_blocks_is_reported_with_its_time() {
    let blocks_twice = async {
        thread::sleep(LONGER);
        task::yield_now().await;
        task::yield_now().await; // a short poll
        thread::sleep(LONGER);
        "output"
    };
    let (reports, output) = reports_of(blocks_twice).await;
    assert_eq!(reports.len(), 2);
    for (name, took) in reports {
        assert_eq!(name, "the task");
        assert!(took >= LONGER);
    }
    assert_eq!(output, "output");
}
