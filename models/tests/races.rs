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

/// What was paid out, and the balance.
#[test]
fn race_two_lock_withdrawal() {
    let broken = outcomes(|| race_two_lock_withdrawal_broken::withdraw_twice(1000, 600));
    let fixed = outcomes(|| race_two_lock_withdrawal_fixed::withdraw_twice(1000, 600));
    assert_eq!(broken, [(600, 400), (1200, -200)].into());
    assert_eq!(fixed, [(600, 400)].into());
}

/// Requests and milliseconds: before the second request or after it, and nothing between.
#[test]
fn race_torn_snapshot() {
    let broken = outcomes(|| {
        let totals = race_torn_snapshot_broken::record_and_read(10);
        (totals.requests, totals.millis)
    });
    let fixed = outcomes(|| {
        let totals = race_torn_snapshot_fixed::record_and_read(10);
        (totals.requests, totals.millis)
    });
    assert_eq!(broken, [(1, 10), (1, 20), (2, 10), (2, 20)].into());
    assert_eq!(fixed, [(1, 10), (2, 20)].into());
}

/// How often the connection was opened.
#[test]
fn race_double_init() {
    let broken = outcomes(race_double_init_broken::ask_twice);
    let fixed = outcomes(race_double_init_fixed::ask_twice);
    assert_eq!(broken, [1, 2].into());
    assert_eq!(fixed, [1].into());
}

/// How many jobs each of two consumers has taken, of one; the sender is alive all the time.
macro_rules! taken {
    ($take_all:expr) => {
        outcomes(|| {
            let (sender, jobs) = channel::bounded(1);
            sender.send("a job").unwrap();
            let take_all = || $take_all(&jobs).len();
            let mut taken = thread::scope(|s| {
                let consumers = [s.spawn(take_all), s.spawn(take_all)];
                consumers.map(|consumer| consumer.join().unwrap())
            });
            drop(sender);
            taken.sort();
            taken
        })
    };
}

#[test]
#[should_panic(expected = "deadlock")]
fn broken_race_check_then_recv() {
    taken!(|jobs| race_check_then_recv_broken::take_all(jobs, &Barrier::new(2)));
}

#[test]
fn fixed_race_check_then_recv() {
    let taken = taken!(race_check_then_recv_fixed::take_all);
    assert_eq!(taken, [[0, 1]].into());
}

/// One job goes round: one thread takes it and puts it back, the other one does so twice.
/// Whether each of the three got it.
macro_rules! each_got_it {
    ($half:ident, $pop:expr) => {
        outcomes(|| {
            let queue = $half::Queue::default();
            queue.push(1);
            let take_and_put_back = || {
                let Some(job) = $pop(&queue) else {
                    return false;
                };
                queue.push(job);
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
    let broken = each_got_it!(race_condvar_if_broken, |queue: &BrokenQueue| queue
        .pop(&Barrier::new(2)));
    let fixed = each_got_it!(race_condvar_if_fixed, |queue: &FixedQueue| queue.pop());
    assert_eq!(broken, [false, true].into());
    assert_eq!(fixed, [true].into());
}
