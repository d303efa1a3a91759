//! A queue between threads that hands out the most urgent item first, equals as they came.
//!
//! Use it where some jobs matter more than others and workers take the next one. The items lie in
//! a `BTreeMap` under their priority and a running number, and the smallest key comes out first,
//! as in Python; wrap the priority in `Reverse` for the largest. The number keeps equals in the
//! order they came, which a `BinaryHeap` alone does not, and the item itself is never compared. The
//! queue is bounded: `push` waits while it is full, an urgent item as well. `pop` waits while
//! it is empty, and after `close` it hands out what is left, then `None`. An unimportant item
//! may wait forever while more urgent ones keep coming. First come only: `producer_consumer`.
//!
//! Python: `queue.PriorityQueue(8)` with `(priority, next(counter), item)`.
//! Copy: `PriorityQueue` and its `State`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin priority_queue
//! pushed by 3 threads in turn: [[(2, "mail"), (1, "call")], [(2, "lunch"), (0, "fire")], [..]
//! popped: fire, call, meeting, mail, lunch, filing
//! 4 producers, 2 workers: 1000 of 1000 items, each once: true
//! most in the queue: 8, which has room for 8
//!
//! $ cargo run -p threading --bin priority_queue -- --capacity 1 --items 10
//! ...
//! 4 producers, 2 workers: 10 of 10 items, each once: true
//! most in the queue: 1, which has room for 1
//! ```

use std::collections::BTreeMap;
use std::num::NonZeroUsize;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::{iter, thread, time::Duration, time::Instant};

use clap::Parser;

/// A bounded queue for any number of threads. Items with a smaller priority come out first,
/// items with the same priority in the order in which they went in.
pub struct PriorityQueue<P, T> {
    capacity: usize,
    state: Mutex<State<P, T>>,
    pushed_or_closed: Condvar,
    popped_or_closed: Condvar,
}

struct State<P, T> {
    items: BTreeMap<(P, u64), T>,
    pushed: u64,
    closed: bool,
}

impl<P: Ord, T> PriorityQueue<P, T> {
    /// An open, empty queue with room for `capacity` items.
    pub fn open(capacity: NonZeroUsize) -> Self {
        Self {
            capacity: capacity.get(),
            state: Mutex::new(State {
                items: BTreeMap::new(),
                pushed: 0,
                closed: false,
            }),
            pushed_or_closed: Condvar::new(),
            popped_or_closed: Condvar::new(),
        }
    }

    /// Puts the item in, and waits while the queue is full. Gives the item back if the queue is
    /// closed, or will be while it waits. Panics, and takes nothing, if comparing priorities does;
    /// then another `push` may wait on until the next `pop`, or `close`.
    pub fn push(&self, priority: P, item: T) -> Result<(), T> {
        let full = |state: &mut State<P, T>| state.items.len() >= self.capacity && !state.closed;
        let waited = self.popped_or_closed.wait_while(self.lock(), full);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        if state.closed {
            return Err(item);
        }
        let number = state.pushed; // makes every key unique
        state.pushed += 1;
        state.items.insert((priority, number), item);
        self.pushed_or_closed.notify_one();
        Ok(())
    }

    /// Takes the first item, and waits for one. `None`: the queue is closed and empty.
    pub fn pop(&self) -> Option<T> {
        let empty = |state: &mut State<P, T>| state.items.is_empty() && !state.closed;
        let waited = self.pushed_or_closed.wait_while(self.lock(), empty);
        let mut state = waited.unwrap_or_else(PoisonError::into_inner);
        let (_, item) = state.items.pop_first()?;
        self.popped_or_closed.notify_one();
        Some(item)
    }

    /// Lets nothing in any more. What is in the queue is still handed out.
    pub fn close(&self) {
        self.lock().closed = true;
        self.pushed_or_closed.notify_all();
        self.popped_or_closed.notify_all();
    }

    /// Poisoned if comparing two priorities has panicked, which changes nothing in there.
    fn lock(&self) -> MutexGuard<'_, State<P, T>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many items go through the queue in the second part
    #[arg(long, value_name = "N", default_value_t = 1000)]
    items: u16,

    /// How many of them there is room for
    #[arg(long, value_name = "N", default_value = "8")]
    capacity: NonZeroUsize,
}

const JOBS: [[(u32, &str); 2]; 3] = [
    [(2, "mail"), (1, "call")],
    [(2, "lunch"), (0, "fire")],
    [(1, "meeting"), (2, "filing")],
];

fn main() -> ExitCode {
    let Args { items, capacity } = Args::parse();
    let queue = &PriorityQueue::open(NonZeroUsize::MAX);
    for jobs in JOBS {
        let push = move || jobs.map(|(priority, job)| queue.push(priority, job).is_ok());
        thread::scope(|s| drop(s.spawn(push))); // one thread after the other
    }
    queue.close();
    let popped = iter::from_fn(|| queue.pop()).collect::<Vec<_>>().join(", ");
    println!("pushed by 3 threads in turn: {JOBS:?}\npopped: {popped}");

    let queue = &PriorityQueue::open(capacity);
    let expected = capacity.get().min(items.into());
    let size = || queue.state.lock().unwrap().items.len();
    let push = |first| {
        (first..items)
            .step_by(4)
            .all(|item| queue.push(item % 10, item).is_ok())
    };
    let take_all = || iter::from_fn(|| queue.pop()).collect::<Vec<_>>();
    let (most, mut got) = thread::scope(|s| {
        let producers = [0, 1, 2, 3].map(|first| s.spawn(move || push(first)));
        let patience = Instant::now() + Duration::from_secs(2);
        while size() < expected && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1)); // until the queue is full
        }
        thread::sleep(Duration::from_millis(10)); // one too many would be seen
        let (most, workers) = (size(), [s.spawn(take_all), s.spawn(take_all)]);
        let _pushed_all = producers.map(|producer| producer.join().unwrap()); // `got` will tell
        queue.close(); // the workers take what is left, and end
        (most, workers.map(|worker| worker.join().unwrap()).concat())
    });
    got.sort();
    let each_once = got.iter().copied().eq(0..items);
    println!(
        "4 producers, 2 workers: {} of {items} items, each once: {each_once}",
        got.len()
    );
    println!("most in the queue: {most}, which has room for {capacity}");
    let held = popped == "fire, call, meeting, mail, lunch, filing"
        && (each_once, most) == (true, expected);
    if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
