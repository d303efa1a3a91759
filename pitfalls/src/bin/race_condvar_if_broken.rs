//! Race: `if` around a condition variable's wait: one item, two woken, one pops from empty.
//!
//! You see: a worker gets nothing from a queue that is open, and ends early; with `unwrap`, a
//! panic on `None`. Rarely, and mostly with more than one consumer.
//! Why: to be woken says that something changed, not that it is still so. Between the
//! notification and the lock another consumer takes the item; a wait may also end for no reason.
//! Here two barriers force it on every run.
//! Rule: wait in a `while` loop, or with `wait_while`.
//!
//! Python: `if not items: changed.wait()` (`IndexError: pop from an empty deque`).
//! Caught by: no lint; shuttle (`models/tests/races_broken.rs`).
//! Fixed: `race_condvar_if_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_condvar_if_broken
//! ? 1
//! 2 items for 2 consumers: they got [None, Some(1)], 1 left in the queue
//! ```

use std::collections::VecDeque;
use std::iter;
use std::process::ExitCode;
use std::sync::{Barrier, Condvar, Mutex};
use std::thread;

/// A queue for any number of threads.
pub struct Queue<T> {
    state: Mutex<State<T>>,
    changed: Condvar,
}

struct State<T> {
    items: VecDeque<T>,
    closed: bool,
}

impl<T> Queue<T> {
    /// Makes an open, empty queue.
    pub fn open() -> Self {
        let state = State {
            items: VecDeque::new(),
            closed: false,
        };
        Self {
            state: Mutex::new(state),
            changed: Condvar::new(),
        }
    }

    /// Adds an item at the end.
    pub fn push(&self, item: T) {
        self.state.lock().unwrap().items.push_back(item);
        self.changed.notify_all();
    }

    /// Says that no more items come.
    pub fn close(&self) {
        self.state.lock().unwrap().closed = true;
        self.changed.notify_all();
    }

    /// Takes the first item. Waits while there is none; `None` once the queue is closed and empty.
    pub fn pop(&self, asleep: &Barrier) -> Option<T> {
        let mut state = self.state.lock().unwrap();
        if state.items.is_empty() && !state.closed {
            asleep.wait(); // only for the demo: whoever has the lock after this finds it waiting
            state = self.changed.wait(state).unwrap(); // BROKEN: looks only before the wait
        }
        state.items.pop_front()
    }
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let (got, left) = pop_one_each();
    println!("2 items for 2 consumers: they got {got:?}, {left} left in the queue");
    if left == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Two consumers take one item each, of two. Returns what they got, sorted, and how many are left.
pub fn pop_one_each() -> ([Option<u32>; 2], usize) {
    let queue = Queue::open();
    let (asleep, awake) = (Barrier::new(2), Barrier::new(3));
    let mut got = thread::scope(|s| {
        let pop = || {
            let item = queue.pop(&asleep);
            awake.wait(); // only for the demo: before there is a second item
            item
        };
        let consumers = [s.spawn(pop), s.spawn(pop)];
        asleep.wait(); // only for the demo: one waits,
        asleep.wait(); // only for the demo: and the other one
        queue.push(1);
        awake.wait(); // only for the demo: both are back
        queue.push(2);
        consumers.map(|consumer| consumer.join().unwrap())
    });
    got.sort();
    queue.close();
    (got, iter::from_fn(|| queue.pop(&asleep)).count())
}
