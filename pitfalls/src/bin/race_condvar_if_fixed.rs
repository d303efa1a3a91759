//! Fixed: `while` around a condition variable's wait: who is woken looks again.
//!
//! A consumer that is woken and finds nothing goes back to wait, so `None` means what it says:
//! closed and empty. It costs a needless wake-up for each other consumer; with `notify_one` in
//! `push` there are fewer, and the loop is still needed. `wait_while` is the same loop.
//!
//! Python: `while not items: changed.wait()`, or `changed.wait_for(lambda: items)`.
//! Broken: `race_condvar_if_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_condvar_if_fixed
//! 2 items for 2 consumers: they got [Some(1), Some(2)], 0 left in the queue
//! ```

use std::collections::VecDeque;
use std::iter;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex};
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
    pub fn pop(&self) -> Option<T> {
        let mut state = self.state.lock().unwrap();
        while state.items.is_empty() && !state.closed {
            state = self.changed.wait(state).unwrap(); // FIXED: and then looks again
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
    let mut got = thread::scope(|s| {
        let pop = || queue.pop();
        let consumers = [s.spawn(pop), s.spawn(pop)];
        queue.push(1);
        queue.push(2);
        consumers.map(|consumer| consumer.join().unwrap())
    });
    got.sort();
    queue.close();
    (got, iter::from_fn(|| queue.pop()).count())
}
