//! What can come out of the races: of the broken halves, with nothing forced, also what is wrong; of
//! the fixed ones what is right, on every schedule.

extern crate self as crossbeam; // its `channel` is the one below
extern crate std_unforced as std;

use std::sync::Barrier;
use std::thread;

use models::outcomes;

pub mod channel;

models::examples! {
    race_check_then_recv_broken: "../../pitfalls/src/bin/race_check_then_recv_broken.rs",
    race_check_then_recv_fixed: "../../pitfalls/src/bin/race_check_then_recv_fixed.rs",
    race_condvar_if_broken: "../../pitfalls/src/bin/race_condvar_if_broken.rs",
    race_condvar_if_fixed: "../../pitfalls/src/bin/race_condvar_if_fixed.rs",
    race_double_init_broken: "../../pitfalls/src/bin/race_double_init_broken.rs",
    race_double_init_fixed: "../../pitfalls/src/bin/race_double_init_fixed.rs",
    race_lost_update_broken: "../../pitfalls/src/bin/race_lost_update_broken.rs",
    race_lost_update_fixed: "../../pitfalls/src/bin/race_lost_update_fixed.rs",
    race_oversold_tickets_broken: "../../pitfalls/src/bin/race_oversold_tickets_broken.rs",
    race_oversold_tickets_fixed: "../../pitfalls/src/bin/race_oversold_tickets_fixed.rs",
    race_torn_snapshot_broken: "../../pitfalls/src/bin/race_torn_snapshot_broken.rs",
    race_torn_snapshot_fixed: "../../pitfalls/src/bin/race_torn_snapshot_fixed.rs",
    race_two_lock_withdrawal_broken: "../../pitfalls/src/bin/race_two_lock_withdrawal_broken.rs",
    race_two_lock_withdrawal_fixed: "../../pitfalls/src/bin/race_two_lock_withdrawal_fixed.rs",
}

#[test]
fn race_lost_update() {
    let broken = outcomes(|| race_lost_update_broken::count(2));
    let fixed = outcomes(|| race_lost_update_fixed::count(2));
    assert_eq!(broken, [1, 2].into());
    assert_eq!(fixed, [2].into());
}

/// How many were sold, and how many are left.
#[test]
fn race_oversold_tickets() {
    let broken = outcomes(|| race_oversold_tickets_broken::sell(1, 2));
    let fixed = outcomes(|| race_oversold_tickets_fixed::sell(1, 2));
    assert_eq!(broken, [(1, 0), (2, u64::MAX)].into());
    assert_eq!(fixed, [(1, 0)].into());
}

/// How many were paid, and the balance.
#[test]
fn race_two_lock_withdrawal() {
    let broken = outcomes(|| race_two_lock_withdrawal_broken::withdraw_twice(1000, 600));
    let fixed = outcomes(|| race_two_lock_withdrawal_fixed::withdraw_twice(1000, 600));
    assert_eq!(broken, [(1, 400), (2, -200)].into());
    assert_eq!(fixed, [(1, 400)].into());
}

/// Requests and milliseconds: before the second request or after it, and nothing between.
#[test]
fn race_torn_snapshot() {
    let broken = outcomes(|| race_torn_snapshot_broken::record_and_read(10));
    let fixed = outcomes(|| race_torn_snapshot_fixed::record_and_read(10));
    assert_eq!(broken, [(1, 10), (1, 20), (2, 10), (2, 20)].into());
    assert_eq!(fixed, [(1, 10), (2, 20)].into());
}

#[test]
fn race_double_init() {
    let broken = outcomes(race_double_init_broken::open_twice);
    let fixed = outcomes(race_double_init_fixed::open_twice);
    assert_eq!(broken, [[1, 1], [1, 2]].into());
    assert_eq!(fixed, [[1, 1]].into());
}

/// How many jobs each of two consumers has handled, of one; the sender is alive all the time.
macro_rules! handled {
    ($drain:expr) => {
        outcomes(|| {
            let (sender, jobs) = channel::bounded(1);
            sender.send("a job").unwrap();
            let drain = || $drain(&jobs);
            let mut handled = thread::scope(|s| {
                let consumers = [s.spawn(drain), s.spawn(drain)];
                consumers.map(|consumer| consumer.join().unwrap())
            });
            drop(sender);
            handled.sort();
            handled
        })
    };
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_race_check_then_recv() {
    handled!(|jobs| race_check_then_recv_broken::drain(jobs, drop, &Barrier::new(2)));
}

#[test]
fn fixed_race_check_then_recv() {
    let handled = handled!(|jobs| race_check_then_recv_fixed::drain(jobs, drop));
    assert_eq!(handled, [[0, 1]].into());
}

/// One item goes round: one thread takes it and puts it back, the other one does so twice.
/// Whether each of the three got it.
macro_rules! each_got_it {
    ($half:ident, $pop:expr) => {
        outcomes(|| {
            let queue = $half::Queue::open();
            queue.push("the item");
            let take_and_put_back = || {
                let Some(item) = $pop(&queue) else {
                    return false;
                };
                queue.push(item);
                true
            };
            thread::scope(|s| {
                let once = s.spawn(take_and_put_back);
                let twice = s.spawn(|| [take_and_put_back(), take_and_put_back()]);
                once.join().unwrap() && twice.join().unwrap() == [true, true]
            })
        })
    };
}

#[test]
fn race_condvar_if() {
    use race_condvar_if_broken::Queue as BrokenQueue;
    use race_condvar_if_fixed::Queue as FixedQueue;
    let broken = each_got_it!(race_condvar_if_broken, |queue: &BrokenQueue<_>| queue
        .pop(&Barrier::new(2)));
    let fixed = each_got_it!(race_condvar_if_fixed, |queue: &FixedQueue<_>| queue.pop());
    assert_eq!(broken, [false, true].into());
    assert_eq!(fixed, [true].into());
}
