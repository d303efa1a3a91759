//! Hand out the most urgent item first: a bounded priority queue between threads.
//!
//! Use it where some jobs matter more than others. The items are in a sorted map, whose key is the
//! priority and a running number: items of the same priority come out in the order in which they
//! went in. `push` waits while the queue is full, `pop` while it is empty. After `close`, `pop`
//! hands out what is left, and then returns `None`.
//!
//! - The smallest priority comes first, as in Python: 0 is the most urgent.
//! - While the queue is full, even an urgent item has to wait.
//! - While urgent items keep coming, the others may wait forever.
//! - Within one thread std's `BinaryHeap` is enough. There the largest item comes first, and equal
//!   ones come in any order.
//! - For items in the order in which they came: `producer_consumer`.
//!
//! Python: `queue.PriorityQueue(8)` with `(priority, next(counter), item)`
//! Needs: nothing
//! Tested: `models/tests/threading_sync.rs`
//!
//! ```console
//! $ cargo run -p threading --bin priority_queue
//! fire
//! phone call
//! meeting
//! mail
//! filing
//! ```

use std::collections::BTreeMap;
use std::sync::{Condvar, Mutex};

/// A bounded queue for any number of threads. Share it by reference or in an `Arc`.
pub struct PriorityQueue<T> {
    capacity: usize,
    state: Mutex<State<T>>,
    not_empty: Condvar,
    not_full: Condvar,
}

struct State<T> {
    /// The key is the priority and, for items of the same priority, the number of the push.
    items: BTreeMap<(u32, u64), T>,
    pushed: u64,
    closed: bool,
}

impl<T> PriorityQueue<T> {
    /// Creates a queue with room for `capacity` items.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn new(capacity: usize) -> Self {
        assert!(capacity > 0, "with a capacity of 0 `push` waits forever");
        let state = State {
            items: BTreeMap::new(),
            pushed: 0,
            closed: false,
        };
        Self {
            capacity,
            state: Mutex::new(state),
            not_empty: Condvar::new(),
            not_full: Condvar::new(),
        }
    }

    /// Adds an item, blocking the thread while the queue is full. 0 is the most urgent priority.
    ///
    /// # Errors
    /// The item, if the queue is closed, also if that happens while this waits.
    pub fn push(&self, priority: u32, item: T) -> Result<(), T> {
        let state = self.state.lock().unwrap();
        let mut state = self
            .not_full
            .wait_while(state, |state| {
                state.items.len() == self.capacity && !state.closed
            })
            .unwrap();
        if state.closed {
            return Err(item);
        }
        let key = (priority, state.pushed);
        state.pushed += 1;
        state.items.insert(key, item);
        self.not_empty.notify_one();
        Ok(())
    }

    /// Takes the most urgent item, blocking the thread while the queue is empty. Returns `None`
    /// when the queue is closed and empty.
    pub fn pop(&self) -> Option<T> {
        let state = self.state.lock().unwrap();
        let mut state = self
            .not_empty
            .wait_while(state, |state| state.items.is_empty() && !state.closed)
            .unwrap();
        let (_, item) = state.items.pop_first()?;
        self.not_full.notify_one();
        Some(item)
    }

    /// Lets no more items in.
    pub fn close(&self) {
        self.state.lock().unwrap().closed = true;
        self.not_empty.notify_all();
        self.not_full.notify_all();
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::thread;

const JOBS: [(u32, &str); 5] = [
    (2, "mail"),
    (1, "phone call"),
    (2, "filing"),
    (0, "fire"),
    (1, "meeting"),
];

fn main() {
    let queue = PriorityQueue::new(8);
    for (priority, job) in JOBS {
        queue.push(priority, job).expect("the queue is open");
    }
    queue.close();

    thread::scope(|scope| {
        scope.spawn(|| {
            while let Some(job) = queue.pop() {
                println!("{job}");
            }
        });
    });
}
