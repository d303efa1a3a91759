//! What can come out of the fixed races: what is right, on every schedule.

extern crate self as crossbeam; // its `channel` is the one below
extern crate std_model as std;

use models::outcomes;

pub mod channel;

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_check_then_recv_fixed.rs"]
mod race_check_then_recv_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_condvar_if_fixed.rs"]
mod race_condvar_if_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_double_init_fixed.rs"]
mod race_double_init_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_oversold_tickets_fixed.rs"]
mod race_oversold_tickets_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_torn_snapshot_fixed.rs"]
mod race_torn_snapshot_fixed;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../pitfalls/src/bin/race_two_lock_withdrawal_fixed.rs"]
mod race_two_lock_withdrawal_fixed;

#[test]
fn race_oversold_tickets() {
    let sold_and_left = outcomes(|| race_oversold_tickets_fixed::sell(1, 2));
    assert_eq!(sold_and_left, [(1, 0)].into());
}

#[test]
fn race_two_lock_withdrawal() {
    let paid_and_balance = outcomes(|| race_two_lock_withdrawal_fixed::withdraw_twice(1000, 600));
    assert_eq!(paid_and_balance, [(1, 400)].into());
}

#[test]
fn race_torn_snapshot() {
    // Before the second request or after it, and nothing between: one mean.
    let requests_and_ms = outcomes(|| race_torn_snapshot_fixed::record_and_read(10));
    assert_eq!(requests_and_ms, [(1, 10), (2, 20)].into());
}

#[test]
fn race_double_init() {
    let numbers = outcomes(race_double_init_fixed::open_twice);
    assert_eq!(numbers, [[1, 1]].into());
}

#[test]
fn race_check_then_recv() {
    let handled = outcomes(|| {
        let (sender, jobs) = channel::bounded(1);
        sender.send("a job").unwrap();
        let mut handled = std::thread::scope(|s| {
            let drain = || race_check_then_recv_fixed::drain(&jobs, drop);
            [s.spawn(drain), s.spawn(drain)].map(|consumer| consumer.join().unwrap())
        });
        drop(sender); // here, so that it was alive all the time
        handled.sort();
        handled
    });
    assert_eq!(handled, [[0, 1]].into());
}

/// One item goes round: one thread takes it and puts it back, the other one does so twice.
#[test]
fn race_condvar_if() {
    let each_pop_got_it = outcomes(|| {
        let queue = race_condvar_if_fixed::Queue::open();
        queue.push("the item");
        let take_and_put_back = || queue.pop().map(|item| queue.push(item)).is_some();
        std::thread::scope(|s| {
            let once = s.spawn(take_and_put_back);
            let twice = s.spawn(|| [take_and_put_back(), take_and_put_back()]);
            once.join().unwrap() && twice.join().unwrap() == [true, true]
        })
    });
    assert_eq!(each_pop_got_it, [true].into());
}
