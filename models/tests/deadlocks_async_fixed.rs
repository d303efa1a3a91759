//! What can come out of the fixed halves of the async deadlocks: what is right, on every schedule.

extern crate shuttle_tokio as tokio;
extern crate std_model as std;

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use models::outcomes;
use tokio::sync::{Mutex, Semaphore};
use tokio::task;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_guard_across_await_fixed.rs"]
mod deadlock_guard_across_await_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_missed_notify_fixed.rs"]
mod deadlock_missed_notify_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_nested_permits_fixed.rs"]
mod deadlock_nested_permits_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_unpolled_future_fixed.rs"]
mod deadlock_unpolled_future_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/livelock_polite_retry_fixed.rs"]
mod livelock_polite_retry_fixed;

#[test]
fn deadlock_guard_across_await() {
    let totals = outcomes(|| {
        let total = std::sync::Mutex::new(0);
        shuttle::future::block_on(deadlock_guard_across_await_fixed::add_both(&total));
        total.into_inner().unwrap()
    });
    assert_eq!(totals, [30].into());
}

#[test]
fn deadlock_nested_permits() {
    assert_eq!(outcomes(|| load_two(1)), [60].into());
    assert_eq!(outcomes(|| load_two(2)), [60].into());
}

/// Loads two pages at the same time, with at most `limit` downloads at once. Returns the bytes.
fn load_two(limit: usize) -> u64 {
    use deadlock_nested_permits_fixed::load;
    shuttle::future::block_on(async {
        let permits = Arc::new(Semaphore::new(limit));
        let shared = permits.clone();
        let one = task::spawn(async move { load(&shared, ready(10), ready(20)).await });
        let bytes = load(&permits, ready(10), ready(20)).await.unwrap();
        bytes + one.await.unwrap().unwrap()
    })
}

#[test]
fn deadlock_missed_notify() {
    outcomes(|| {
        shuttle::future::block_on(async {
            let gate = Arc::new(deadlock_missed_notify_fixed::Gate::default());
            let shared = gate.clone();
            let opening = task::spawn(async move { shared.open() });
            gate.pass().await;
            opening.await.unwrap();
        })
    });
}

#[test]
fn deadlock_unpolled_future() {
    let logs = outcomes(|| {
        shuttle::future::block_on(async {
            let log = Arc::new(Mutex::new(Vec::new()));
            let shared = log.clone();
            let user = task::spawn(async move {
                let _log = shared.lock().await;
                task::yield_now().await;
            });
            deadlock_unpolled_future_fixed::append(&log, "entry", Duration::from_secs(1)).await;
            user.await.unwrap();
            log.lock().await.clone()
        })
    });
    let entry = String::from("entry");
    let note = String::from("the log is slow");
    // Without the note where the entry was in time.
    assert_eq!(logs, [vec![entry.clone()], vec![entry, note]].into());
}

#[test]
fn livelock_polite_retry() {
    let uses = outcomes(livelock_polite_retry_fixed::work);
    assert_eq!(uses, [[2, 2]].into());
}
