//! What can come out of the async deadlocks: of the broken halves, with nothing forced, no end; of
//! the fixed ones what is right, on every schedule.
//!
//! Each task of the model is a thread of its own, so the model does not see a task that blocks
//! the only thread of a runtime: nothing here is about
//! `deadlock_blocking_recv`, `deadlock_block_on_in_async`, `deadlock_exit_blocked` or
//! `starvation_greedy_loop`.

extern crate shuttle_tokio as tokio;
extern crate std_unforced as std;

use std::sync::Arc;
use std::time::Duration;

use models::outcomes;
use shuttle::future::block_on;
use tokio::sync::{Mutex, Semaphore};
use tokio::task;

models::examples! {
    deadlock_guard_across_await_broken: "../../pitfalls/src/bin/deadlock_guard_across_await_broken.rs",
    deadlock_guard_across_await_fixed: "../../pitfalls/src/bin/deadlock_guard_across_await_fixed.rs",
    deadlock_missed_notify_broken: "../../pitfalls/src/bin/deadlock_missed_notify_broken.rs",
    deadlock_missed_notify_fixed: "../../pitfalls/src/bin/deadlock_missed_notify_fixed.rs",
    deadlock_nested_permits_broken: "../../pitfalls/src/bin/deadlock_nested_permits_broken.rs",
    deadlock_nested_permits_fixed: "../../pitfalls/src/bin/deadlock_nested_permits_fixed.rs",
    deadlock_unpolled_future_broken: "../../pitfalls/src/bin/deadlock_unpolled_future_broken.rs",
    deadlock_unpolled_future_fixed: "../../pitfalls/src/bin/deadlock_unpolled_future_fixed.rs",
    livelock_polite_retry_broken: "../../pitfalls/src/bin/livelock_polite_retry_broken.rs",
    livelock_polite_retry_fixed: "../../pitfalls/src/bin/livelock_polite_retry_fixed.rs",
}

/// The totals after both have been added.
macro_rules! totals {
    ($half:ident) => {
        outcomes(|| {
            let total = std::sync::Mutex::new(0);
            block_on($half::add_both(&total));
            total.into_inner().unwrap()
        })
    };
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_guard_across_await() {
    totals!(deadlock_guard_across_await_broken);
}

#[test]
fn fixed_deadlock_guard_across_await() {
    assert_eq!(totals!(deadlock_guard_across_await_fixed), [30].into());
}

/// The bytes of two pages loaded at the same time, with at most `$limit` downloads at once.
macro_rules! bytes_of_two {
    ($half:ident, $limit:expr) => {
        outcomes(|| {
            use $half::load;
            block_on(async {
                let permits = Arc::new(Semaphore::new($limit));
                let shared = permits.clone();
                let one = task::spawn(async move { load(&shared).await });
                let bytes = load(&permits).await;
                bytes + one.await.unwrap()
            })
        })
    };
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_nested_permits() {
    bytes_of_two!(deadlock_nested_permits_broken, 2);
}

#[test]
fn fixed_deadlock_nested_permits() {
    assert_eq!(bytes_of_two!(deadlock_nested_permits_fixed, 1), [60].into());
    assert_eq!(bytes_of_two!(deadlock_nested_permits_fixed, 2), [60].into());
}

/// One task passes the gate while another one opens it.
macro_rules! pass_while_it_opens {
    ($half:ident) => {
        outcomes(|| {
            block_on(async {
                let gate = Arc::new($half::Gate::default());
                let shared = gate.clone();
                let opening = task::spawn(async move { shared.open() });
                gate.pass().await;
                opening.await.unwrap();
            })
        })
    };
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_missed_notify() {
    pass_while_it_opens!(deadlock_missed_notify_broken);
}

#[test]
fn fixed_deadlock_missed_notify() {
    assert_eq!(
        pass_while_it_opens!(deadlock_missed_notify_fixed),
        [()].into()
    );
}

/// The log after one task has appended to it while another one held its lock.
macro_rules! logs {
    ($half:ident) => {
        outcomes(|| {
            block_on(async {
                let log = Arc::new(Mutex::new(Vec::new()));
                let shared = log.clone();
                let user = task::spawn(async move {
                    let _log = shared.lock().await;
                    task::yield_now().await;
                });
                $half::append(&log, "entry", Duration::from_secs(1)).await;
                user.await.unwrap();
                log.lock().await.clone()
            })
        })
    };
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_deadlock_unpolled_future() {
    logs!(deadlock_unpolled_future_broken);
}

#[test]
fn fixed_deadlock_unpolled_future() {
    let entry = String::from("entry");
    let note = String::from("the log is slow");
    // Without the note where the entry was in time.
    let expected = [vec![entry.clone()], vec![entry, note]];
    assert_eq!(logs!(deadlock_unpolled_future_fixed), expected.into());
}

#[test]
fn broken_livelock_polite_retry() {
    let uses = outcomes(|| livelock_polite_retry_broken::work(2));
    assert_eq!(uses, [[0, 0], [1, 1], [2, 2]].into());
}

#[test]
fn fixed_livelock_polite_retry() {
    let uses = outcomes(livelock_polite_retry_fixed::work);
    assert_eq!(uses, [[2, 2]].into());
}
