//! What can come out of the broken races, with nothing forced.

extern crate self as crossbeam; // its `channel` is the one below
extern crate std_unforced as std;

use models::outcomes;

pub mod channel;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_check_then_recv_broken.rs"]
mod race_check_then_recv_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_condvar_if_broken.rs"]
mod race_condvar_if_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_double_init_broken.rs"]
mod race_double_init_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_oversold_tickets_broken.rs"]
mod race_oversold_tickets_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_torn_snapshot_broken.rs"]
mod race_torn_snapshot_broken;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_two_lock_withdrawal_broken.rs"]
mod race_two_lock_withdrawal_broken;

#[test]
fn race_oversold_tickets() {
    let sold_and_left = outcomes(|| race_oversold_tickets_broken::sell(1, 2));
    assert_eq!(sold_and_left, [(1, 0), (2, u64::MAX)].into());
}

#[test]
fn race_two_lock_withdrawal() {
    let paid_and_balance = outcomes(|| race_two_lock_withdrawal_broken::withdraw_twice(1000, 600));
    assert_eq!(paid_and_balance, [(1, 400), (2, -200)].into());
}

#[test]
fn race_torn_snapshot() {
    let requests_and_ms = outcomes(|| race_torn_snapshot_broken::record_and_read(10));
    assert_eq!(requests_and_ms, [(1, 10), (1, 20), (2, 10), (2, 20)].into());
}

#[test]
fn race_double_init() {
    let numbers = outcomes(race_double_init_broken::open_twice);
    assert_eq!(numbers, [[1, 1], [1, 2]].into());
}

#[test]
#[should_panic(expected = "deadlock")]
fn race_check_then_recv() {
    outcomes(|| {
        let (sender, jobs) = channel::bounded(1);
        sender.send("a job").unwrap();
        let moment = std::sync::Barrier::new(2);
        std::thread::scope(|s| {
            let drain = || race_check_then_recv_broken::drain(&jobs, drop, &moment);
            s.spawn(drain);
            s.spawn(drain);
        });
        drop(sender); // here, so that it was alive all the time
    });
}

/// One item goes round: one thread takes it and puts it back, the other one does so twice.
#[test]
fn race_condvar_if() {
    let each_pop_got_it = outcomes(|| {
        let queue = race_condvar_if_broken::Queue::open();
        queue.push("the item");
        let asleep = std::sync::Barrier::new(2);
        let take_and_put_back = || queue.pop(&asleep).map(|item| queue.push(item)).is_some();
        std::thread::scope(|s| {
            let once = s.spawn(take_and_put_back);
            let twice = s.spawn(|| [take_and_put_back(), take_and_put_back()]);
            once.join().unwrap() && twice.join().unwrap() == [true, true]
        })
    });
    assert_eq!(each_pop_got_it, [false, true].into());
}
