//! What can come out of the broken halves of the async deadlocks, with nothing forced.
//!
//! Each task of the model is a thread of its own, so the model does not see a task that blocks
//! the only thread of a runtime: nothing here is about
//! `deadlock_blocking_recv`, `deadlock_block_on_in_async`, `deadlock_exit_blocked` or
//! `starvation_greedy_loop`.

extern crate shuttle_tokio as tokio;
extern crate std_unforced as std;

use std::future::ready;
use std::sync::Arc;
use std::time::Duration;

use models::outcomes;
use tokio::sync::{Mutex, Semaphore};
use tokio::task;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_guard_across_await_broken.rs"]
mod deadlock_guard_across_await_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_missed_notify_broken.rs"]
mod deadlock_missed_notify_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_nested_permits_broken.rs"]
mod deadlock_nested_permits_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_unpolled_future_broken.rs"]
mod deadlock_unpolled_future_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/livelock_polite_retry_broken.rs"]
mod livelock_polite_retry_broken;

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_guard_across_await() {
    outcomes(|| {
        let total = std::sync::Mutex::new(0);
        shuttle::future::block_on(deadlock_guard_across_await_broken::add_both(&total));
        total.into_inner().unwrap()
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_nested_permits() {
    outcomes(|| load_two(2));
}

/// Loads two pages at the same time, with at most `limit` downloads at once. Returns the bytes.
fn load_two(limit: usize) -> u64 {
    use deadlock_nested_permits_broken::load;
    shuttle::future::block_on(async {
        let permits = Arc::new(Semaphore::new(limit));
        let shared = permits.clone();
        let one = task::spawn(async move { load(&shared, ready(10), ready(20)).await });
        let bytes = load(&permits, ready(10), ready(20)).await.unwrap();
        bytes + one.await.unwrap().unwrap()
    })
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_missed_notify() {
    outcomes(|| {
        shuttle::future::block_on(async {
            let gate = Arc::new(deadlock_missed_notify_broken::Gate::default());
            let shared = gate.clone();
            let opening = task::spawn(async move { shared.open() });
            gate.pass().await;
            opening.await.unwrap();
        })
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_unpolled_future() {
    outcomes(|| {
        shuttle::future::block_on(async {
            let log = Arc::new(Mutex::new(Vec::new()));
            let shared = log.clone();
            let user = task::spawn(async move {
                let _log = shared.lock().await;
                task::yield_now().await;
            });
            deadlock_unpolled_future_broken::append(&log, "entry", Duration::from_secs(1)).await;
            user.await.unwrap();
        })
    });
}

#[test]
fn livelock_polite_retry() {
    let uses = outcomes(|| livelock_polite_retry_broken::work(2).0);
    assert_eq!(uses, [[0, 0], [1, 1], [2, 2]].into());
}
