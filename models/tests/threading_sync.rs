//! What can come out of the locks, signals and queues of `threading` that people copy: the whole
//! set, over every schedule, and never a hang.
//!
//! Their condition variable is shuttle's, with one wake-up without a reason at any time. Timed
//! waits are not modeled (shuttle's never time out), and neither are orderings (it takes each as
//! the strongest).

extern crate self as std; // its `sync` is the one below
extern crate std as real_std;

use std_model::num::{NonZeroU16, NonZeroUsize};
use std_model::ops::ControlFlow;
use std_model::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

use spurious::{outcomes, sampled_outcomes, waiting};

pub use std_model::*;

pub mod sync {
    pub use std_model::sync::*;

    pub use super::spurious::Condvar;
}

#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../threading/src/bin/atomic_statistics.rs"]
mod atomic_statistics;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../threading/src/bin/condvar_wait_while.rs"]
mod condvar_wait_while;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../threading/src/bin/event_set_wait.rs"]
mod event_set_wait;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../threading/src/bin/priority_queue.rs"]
mod priority_queue;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../threading/src/bin/producer_consumer.rs"]
mod producer_consumer;
#[allow(dead_code, unfulfilled_lint_expectations)]
#[path = "../../threading/src/bin/semaphore_limit.rs"]
mod semaphore_limit;

/// What is counted is in the sum and in the maximum; what is in those may not be counted yet.
#[test]
fn atomic_statistics() {
    let snapshots = outcomes(|| {
        let statistics = atomic_statistics::Statistics::new();
        thread::scope(|s| {
            s.spawn(|| statistics.record(2));
            let snapshot = statistics.snapshot();
            (snapshot.count, snapshot.sum, snapshot.max)
        })
    });
    assert_eq!(
        snapshots,
        [(0, 0, None), (0, 2, None), (1, 2, Some(2))].into()
    );
}

/// Who was called by each of the tellers. All of those end.
fn call_customers<const TELLERS: usize>(customers: u32) -> [Vec<u32>; TELLERS] {
    let room = condvar_wait_while::WaitingRoom::open(NonZeroUsize::MIN);
    thread::scope(|s| {
        let serve = || iter::from_fn(|| room.call_next()).collect();
        let tellers = [(); TELLERS].map(|()| s.spawn(serve));
        assert!(
            (1..=customers).all(|customer| room.enter(customer).is_ok()),
            "it is open"
        );
        room.close();
        tellers.map(|teller| teller.join().unwrap())
    })
}

/// Each customer is called once, by any of the tellers.
#[test]
fn condvar_wait_while() {
    assert_eq!(outcomes(|| call_customers(1)), [[vec![1]]].into());
    let splits = [
        [vec![], vec![1, 2]],
        [vec![1], vec![2]],
        [vec![2], vec![1]],
        [vec![1, 2], vec![]],
    ];
    assert_eq!(sampled_outcomes(|| call_customers(2)), splits.into());
}

/// Who waits for a seat at closing time is sent away.
#[test]
fn condvar_wait_while_full_and_closed() {
    let results = outcomes(|| {
        let room = condvar_wait_while::WaitingRoom::open(NonZeroUsize::MIN);
        let first = room.enter(1);
        let second = thread::scope(|s| {
            let second = s.spawn(|| room.enter(2));
            room.close();
            second.join().unwrap()
        });
        (first, second, room.call_next(), room.call_next())
    });
    assert_eq!(results, [(Ok(()), Err(2), Some(1), None)].into());
}

/// Whether those who passed saw what was written before `set`.
fn pass_the_gate<const THREADS: usize>() -> [bool; THREADS] {
    let (gate, written) = (event_set_wait::Event::new(), AtomicBool::new(false));
    let pass = || {
        gate.wait();
        written.load(Relaxed)
    };
    thread::scope(|s| {
        let threads = [(); THREADS].map(|()| s.spawn(pass));
        written.store(true, Relaxed);
        gate.set();
        threads.map(|thread| thread.join().unwrap())
    })
}

/// All pass, and none before `set`.
#[test]
fn event_set_wait() {
    assert_eq!(outcomes(pass_the_gate), [[true]].into());
    assert_eq!(sampled_outcomes(pass_the_gate), [[true; 3]].into());
}

/// Who waits while somebody calls `set` and `clear` passes, also if it runs after both.
#[test]
fn event_set_wait_set_and_cleared() {
    let waited_before_set = outcomes(|| {
        let gate = event_set_wait::Event::new();
        thread::scope(|s| {
            let thread = s.spawn(|| gate.wait());
            thread::yield_now(); // so that it may come first
            let waited = waiting() == 1;
            gate.set();
            gate.clear();
            if !waited {
                gate.set(); // it may have come too late
            }
            thread.join().unwrap();
            waited
        })
    });
    assert_eq!(waited_before_set, [false, true].into());
}

/// The most that had a permit at once. All come through.
fn most_at_once(permits: u16, threads: usize) -> usize {
    let semaphore = semaphore_limit::Semaphore::new(NonZeroU16::new(permits).unwrap());
    let (now, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
    thread::scope(|s| {
        for _ in 0..threads {
            s.spawn(|| {
                let _permit = semaphore.acquire();
                most.fetch_max(now.fetch_add(1, Relaxed) + 1, Relaxed);
                now.fetch_sub(1, Relaxed);
            });
        }
    });
    most.into_inner()
}

/// Never more than there are permits, and now and then as many.
#[test]
fn semaphore_limit() {
    assert_eq!(outcomes(|| most_at_once(1, 2)), [1].into());
    assert_eq!(sampled_outcomes(|| most_at_once(1, 3)), [1].into());
    assert_eq!(sampled_outcomes(|| most_at_once(2, 4)), [1, 2].into());
}

/// Each item once, those of a producer in order, in every mixture; and it ends.
#[test]
fn producer_consumer() {
    for capacity in [0, 1, 2] {
        let orders = outcomes(move || {
            let mut got = Vec::new();
            let producers = [vec![1, 2], vec![10]];
            let left = producer_consumer::produce_and_consume(producers, capacity, |item| {
                got.push(item);
                ControlFlow::<()>::Continue(())
            });
            (got, left)
        });
        let mixtures = [vec![1, 2, 10], vec![1, 10, 2], vec![10, 1, 2]];
        assert_eq!(orders, mixtures.map(|got| (got, None)).into());
    }
}

/// The consumer leaves after the first item, and the producers end.
#[test]
fn producer_consumer_left() {
    let first = outcomes(|| {
        let producers = [vec![1, 2, 3], vec![10]];
        producer_consumer::produce_and_consume(producers, 1, ControlFlow::Break)
    });
    assert_eq!(first, [Some(1), Some(10)].into());
}

/// With room for one, the second comes in when the first is out; with room for both, the more
/// urgent is out first if both were in by then.
#[test]
fn priority_queue() {
    for (capacity, orders) in [(1, vec!["ab"]), (2, vec!["ab", "ba"])] {
        let seen = sampled_outcomes(move || {
            let queue = priority_queue::PriorityQueue::open(NonZeroUsize::new(capacity).unwrap());
            thread::scope(|s| {
                let popped = s.spawn(|| iter::from_fn(|| queue.pop()).collect::<String>());
                let pushed = [queue.push(2, "a"), queue.push(1, "b")];
                queue.close();
                assert_eq!((pushed, queue.push(0, "c")), ([Ok(()); 2], Err("c")));
                popped.join().unwrap()
            })
        });
        assert_eq!(seen, orders.into_iter().map(String::from).collect());
    }
}

/// shuttle's condition variable, and wake-ups that have no reason.
mod spurious {
    use real_std::sync::mpsc;
    use std_model::cell::Cell;
    use std_model::collections::BTreeSet;
    use std_model::fmt::Debug;
    use std_model::sync::{self, Arc, LockResult, MutexGuard, OnceLock, WaitTimeoutResult};
    use std_model::thread;
    use std_model::time::Duration;

    // A schedule runs on one thread, that of its test.
    thread_local! {
        static SPURIOUS_LEFT: Cell<usize> = const { Cell::new(0) };
        static WAITING: Cell<usize> = const { Cell::new(0) };
    }

    /// How many threads wait at a condition variable.
    pub fn waiting() -> usize {
        WAITING.get()
    }

    /// All values that `run` returns, over every schedule, without spurious wake-ups and with one
    /// at any time. Both must give the same. (With it alone, a wake-up that is missing might go
    /// unseen.)
    pub fn outcomes<T: Ord + Debug + Send + 'static>(
        run: impl Fn() -> T + Clone + Send + Sync + 'static,
    ) -> BTreeSet<T> {
        let [without, with] = [0, 1].map(|wake_ups| models::outcomes(spurious(wake_ups, &run)));
        assert_eq!(without, with, "without and with a spurious wake-up");
        without
    }

    /// The same over 10,000 schedules at random each, where all of them are too many.
    pub fn sampled_outcomes<T: Ord + Debug + Send + 'static>(
        run: impl Fn() -> T + Clone + Send + Sync + 'static,
    ) -> BTreeSet<T> {
        let [without, with] = [0, 1].map(|wake_ups| {
            let (tell, told) = mpsc::channel();
            let run = spurious(wake_ups, &run);
            shuttle::check_random(move || tell.send(run()).unwrap(), 10_000);
            told.into_iter().collect()
        });
        assert_eq!(without, with, "without and with a spurious wake-up");
        without
    }

    fn spurious<T, F>(wake_ups: usize, run: &F) -> impl Fn() -> T + Send + Sync + use<T, F>
    where
        F: Fn() -> T + Clone + Send + Sync + 'static,
    {
        let run = run.clone();
        move || {
            SPURIOUS_LEFT.set(wake_ups);
            WAITING.set(0);
            run()
        }
    }

    #[derive(Default)]
    pub struct Condvar(OnceLock<Arc<sync::Condvar>>); // `new` is const

    impl Condvar {
        pub const fn new() -> Self {
            Self(OnceLock::new())
        }

        fn inner(&self) -> &Arc<sync::Condvar> {
            self.0.get_or_init(Default::default)
        }

        pub fn notify_one(&self) {
            self.inner().notify_one();
        }

        pub fn notify_all(&self) {
            self.inner().notify_all();
        }

        pub fn wait<'a, T>(&self, guard: MutexGuard<'a, T>) -> LockResult<MutexGuard<'a, T>> {
            if SPURIOUS_LEFT.get() > 0 {
                SPURIOUS_LEFT.set(SPURIOUS_LEFT.get() - 1);
                let inner = self.inner().clone();
                thread::spawn(move || inner.notify_all()); // sooner or later
            }
            WAITING.set(WAITING.get() + 1);
            let guard = self.inner().wait(guard);
            WAITING.set(WAITING.get() - 1);
            guard
        }

        pub fn wait_while<'a, T>(
            &self,
            mut guard: MutexGuard<'a, T>,
            mut condition: impl FnMut(&mut T) -> bool,
        ) -> LockResult<MutexGuard<'a, T>> {
            while condition(&mut guard) {
                guard = self.wait(guard)?;
            }
            Ok(guard)
        }

        pub fn wait_timeout_while<'a, T>(
            &self,
            guard: MutexGuard<'a, T>,
            limit: Duration,
            condition: impl FnMut(&mut T) -> bool,
        ) -> LockResult<(MutexGuard<'a, T>, WaitTimeoutResult)> {
            self.inner().wait_timeout_while(guard, limit, condition)
        }
    }
}
