//! What can come out of the broken deadlock halves, with nothing forced: no end.

extern crate std_unforced as std;

use std::collections::HashMap;
use std::sync::{Mutex, mpsc};
use std::thread;

use models::outcomes;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_bounded_both_ways_broken.rs"]
mod deadlock_bounded_both_ways_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_dining_philosophers_broken.rs"]
mod deadlock_dining_philosophers_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_guard_in_match_broken.rs"]
mod deadlock_guard_in_match_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_join_holding_lock_broken.rs"]
mod deadlock_join_holding_lock_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_lost_wakeup_broken.rs"]
mod deadlock_lost_wakeup_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_relock_broken.rs"]
mod deadlock_relock_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/deadlock_sender_alive_broken.rs"]
mod deadlock_sender_alive_broken;

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_relock() {
    outcomes(|| deadlock_relock_broken::Account::default().deposit_all(&[100, 200]));
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_guard_in_match() {
    outcomes(|| {
        let cache = Mutex::new(HashMap::new());
        deadlock_guard_in_match_broken::user_name(&cache, 7, |id| format!("user-{id}"))
    });
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_sender_alive() {
    outcomes(|| deadlock_sender_alive_broken::count_words(&["to be", "or not to be"], |_| {}));
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_bounded_both_ways() {
    use deadlock_bounded_both_ways_broken::{ask_all, serve};
    outcomes(|| {
        let (to_server, requests) = mpsc::sync_channel(0);
        let (to_client, mut replies) = mpsc::sync_channel(0);
        let server = thread::spawn(|| serve(requests, to_client));
        let answers = ask_all(&[1, 2], &to_server, &mut replies);
        drop(to_server);
        server.join().unwrap();
        answers
    });
}

/// With one request the same code ends: that is why small tests pass.
#[test]
fn deadlock_bounded_both_ways_with_one_request() {
    use deadlock_bounded_both_ways_broken::{ask_all, serve};
    let answers = outcomes(|| {
        let (to_server, requests) = mpsc::sync_channel(0);
        let (to_client, mut replies) = mpsc::sync_channel(0);
        let server = thread::spawn(|| serve(requests, to_client));
        let answers = ask_all(&[1], &to_server, &mut replies);
        drop(to_server);
        server.join().unwrap();
        answers
    });
    assert_eq!(answers, [vec![1]].into());
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_join_holding_lock() {
    outcomes(|| deadlock_join_holding_lock_broken::run_all(&["load"], &Mutex::new(Vec::new())));
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_lost_wakeup() {
    outcomes(|| deadlock_lost_wakeup_broken::set_and_wait(&Default::default()));
}

#[test]
#[should_panic(expected = "deadlock")]
fn deadlock_dining_philosophers() {
    outcomes(|| {
        let forks = [0; 3].map(Mutex::new);
        deadlock_dining_philosophers_broken::dine_all(&forks, |_, _, _| {});
    });
}
