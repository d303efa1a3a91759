//! What can come out of the locks, signals and queues of `threading` that people copy: the whole
//! set, over every schedule, and never a hang.
//!
//! Three things are not modeled. shuttle takes each memory ordering as the strongest, its timed
//! waits never time out, and its condition variable never wakes a thread without a reason.

extern crate std as real_std;
extern crate std_model as std;

use std::collections::BTreeSet;
use std::iter;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;

use models::outcomes;

#[allow(dead_code)]
#[path = "../../threading/src/bin/atomic_statistics.rs"]
mod atomic_statistics;
#[allow(dead_code)]
#[path = "../../threading/src/bin/condvar_wait_while.rs"]
mod condvar_wait_while;
#[allow(dead_code)]
#[path = "../../threading/src/bin/event_set_wait.rs"]
mod event_set_wait;
#[allow(dead_code)]
#[path = "../../threading/src/bin/priority_queue.rs"]
mod priority_queue;
#[allow(dead_code)]
#[path = "../../threading/src/bin/producer_consumer.rs"]
mod producer_consumer;
#[allow(dead_code)]
#[path = "../../threading/src/bin/semaphore_limit.rs"]
mod semaphore_limit;

use atomic_statistics::Statistics;
use condvar_wait_while::WaitingRoom;
use event_set_wait::Event;
use priority_queue::PriorityQueue;
use producer_consumer::produce_and_consume;
use semaphore_limit::Semaphore;

/// All values that `run` returns over 10,000 schedules at random, where all of them are too many.
fn sampled_outcomes<T: Ord + Send + 'static>(
    run: impl Fn() -> T + Send + Sync + 'static,
) -> BTreeSet<T> {
    let (report, values) = real_std::sync::mpsc::channel();
    shuttle::check_random(move || report.send(run()).unwrap(), 10_000);
    values.into_iter().collect()
}

/// No value is missing from any of the three numbers.
#[test]
fn atomic_statistics() {
    let totals = outcomes(|| {
        let statistics = Statistics::default();
        thread::scope(|scope| {
            scope.spawn(|| statistics.record(2));
            statistics.record(3);
        });
        let totals = statistics.into_totals();
        (totals.count, totals.sum, totals.max)
    });
    assert_eq!(totals, [(2, 5, 3)].into());
}

/// Returns the numbers that each of two tellers called. All customers and both tellers end.
fn serve(customers: usize) -> [Vec<u32>; 2] {
    let room = WaitingRoom::default();
    thread::scope(|scope| {
        let serve = || iter::from_fn(|| room.call_next()).collect();
        let tellers = [scope.spawn(serve), scope.spawn(serve)];

        let mut waiting = Vec::new();
        for _ in 0..customers {
            waiting.push(scope.spawn(|| room.wait_for_teller()));
        }
        for customer in waiting {
            let number = customer.join().unwrap();
            assert!(number.is_some(), "the room is open");
        }
        room.close();
        tellers.map(|teller| teller.join().unwrap())
    })
}

/// Each customer is called once, by any of the tellers.
#[test]
fn condvar_wait_while() {
    let one_customer = [[vec![1], vec![]], [vec![], vec![1]]];
    assert_eq!(sampled_outcomes(|| serve(1)), one_customer.into());

    let two_customers = [
        [vec![1, 2], vec![]],
        [vec![1], vec![2]],
        [vec![2], vec![1]],
        [vec![], vec![1, 2]],
    ];
    assert_eq!(sampled_outcomes(|| serve(2)), two_customers.into());
}

/// A customer who has drawn a number at closing time is still called, and a later one is sent away.
#[test]
fn condvar_wait_while_closed() {
    let called = outcomes(|| {
        let room = WaitingRoom::default();
        thread::scope(|scope| {
            let customer = scope.spawn(|| room.wait_for_teller());
            room.close();
            let called = room.call_next();
            (customer.join().unwrap(), called)
        })
    });
    assert_eq!(called, [(Some(1), Some(1)), (None, None)].into());
}

/// Every thread passes, and sees what was written before `set`.
#[test]
fn event_set_wait() {
    let written = sampled_outcomes(|| {
        let gate = Event::new();
        let written = AtomicBool::new(false);
        let pass = || {
            gate.wait();
            written.load(Relaxed)
        };
        thread::scope(|scope| {
            let threads = [scope.spawn(pass), scope.spawn(pass)];
            written.store(true, Relaxed);
            gate.set();
            threads.map(|thread| thread.join().unwrap())
        })
    });
    assert_eq!(written, [[true, true]].into());
}

/// Returns how many threads had a permit at once, at most. All get one.
fn most_at_once(permits: usize, threads: usize) -> usize {
    let semaphore = Semaphore::new(permits);
    let inside = AtomicUsize::new(0);
    let most_inside = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..threads {
            scope.spawn(|| {
                let _permit = semaphore.acquire();
                let now_inside = inside.fetch_add(1, Relaxed) + 1;
                most_inside.fetch_max(now_inside, Relaxed);
                inside.fetch_sub(1, Relaxed);
            });
        }
    });
    most_inside.into_inner()
}

/// Never more than there are permits, and sometimes as many.
#[test]
fn semaphore_limit() {
    assert_eq!(outcomes(|| most_at_once(1, 2)), [1].into());
    assert_eq!(sampled_outcomes(|| most_at_once(1, 3)), [1].into());
    assert_eq!(sampled_outcomes(|| most_at_once(2, 4)), [1, 2].into());
}

/// Each item comes once, and those of one producer in order.
#[test]
fn producer_consumer() {
    for capacity in [0, 1, 2] {
        let consumed = outcomes(move || {
            let mut consumed = Vec::new();
            let producers = vec![1..=2, 3..=3];
            produce_and_consume(producers, capacity, |item| consumed.push(item));
            consumed
        });
        let in_order = [vec![1, 2, 3], vec![1, 3, 2], vec![3, 1, 2]];
        assert_eq!(consumed, in_order.into());
    }
}

/// Returns the items in the order in which they were popped. `a` is pushed first, `b` is more
/// urgent.
fn pop_all(capacity: usize) -> String {
    let queue = PriorityQueue::new(capacity);
    thread::scope(|scope| {
        let popped = scope.spawn(|| iter::from_fn(|| queue.pop()).collect());
        queue.push(2, "a").expect("the queue is open");
        queue.push(1, "b").expect("the queue is open");
        queue.close();
        popped.join().unwrap()
    })
}

/// With room for one item, the second comes in when the first is out. With room for both, the
/// more urgent one is out first if both were in by then.
#[test]
fn priority_queue() {
    assert_eq!(sampled_outcomes(|| pop_all(1)), ["ab".to_owned()].into());
    let both = ["ab".to_owned(), "ba".to_owned()];
    assert_eq!(sampled_outcomes(|| pop_all(2)), both.into());
}

/// `push` gives its item back if the queue is closed while it is full. What is in it comes out.
#[test]
fn priority_queue_closed_while_full() {
    let results = outcomes(|| {
        let queue = PriorityQueue::new(1);
        queue.push(0, "a").expect("the queue is open");
        let second = thread::scope(|scope| {
            let second = scope.spawn(|| queue.push(0, "b"));
            queue.close();
            second.join().unwrap()
        });
        (second, queue.pop(), queue.pop())
    });
    assert_eq!(results, [(Err("b"), Some("a"), None)].into());
}
