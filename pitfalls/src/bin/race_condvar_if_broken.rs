//! Race: `if` around the wait on a condition variable: one item, two woken, one pops from empty.
//!
//! You see: a worker gets `None` from a queue that is open, and ends early, or it panics with
//! "called `Option::unwrap()` on a `None` value". Rarely, and mostly with more than one consumer.
//! Why: being woken says that something has changed, not that it is still so. Another consumer may
//! take the item first, and a wait may even end for no reason (a spurious wakeup). Here two
//! barriers force the bad moment on every run.
//! Rule: wait in a `while` loop, or with `wait_while`.
//!
//! Python: `if not items: condition.wait()` (`IndexError: pop from an empty deque`)
//! Caught by: no lint; shuttle (`models/tests/races.rs`)
//! Fixed: `race_condvar_if_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_condvar_if_broken
//! ? 1
//! 2 jobs for 2 workers: they got [None, Some(1)]
//! ```

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::{Barrier, Condvar, Mutex};
use std::thread;

/// A queue of jobs, by number, for any number of threads.
#[derive(Default)]
pub struct Queue {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    jobs: VecDeque<u32>,
    closed: bool,
}

impl Queue {
    /// Adds a job at the end.
    pub fn push(&self, job: u32) {
        let mut state = self.state.lock().unwrap();
        state.jobs.push_back(job);
        self.changed.notify_all();
    }

    /// Says that no more jobs come.
    pub fn close(&self) {
        let mut state = self.state.lock().unwrap();
        state.closed = true;
        self.changed.notify_all();
    }

    /// Takes the first job, waiting until there is one. `None`: the queue is closed and empty.
    pub fn pop(&self, about_to_wait: &Barrier) -> Option<u32> {
        let mut state = self.state.lock().unwrap();
        if state.jobs.is_empty() && !state.closed {
            about_to_wait.wait(); // only for the demo: keeps the lock until it waits
            state = self.changed.wait(state).unwrap(); // BROKEN: does not look again
        }
        state.jobs.pop_front()
    }
}

fn main() -> ExitCode {
    let queue = Queue::default();
    let popped = Mutex::new(Vec::new());
    let about_to_wait = Barrier::new(2);
    let both_have_popped = Barrier::new(3);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let job = queue.pop(&about_to_wait);
                popped.lock().unwrap().push(job);
                both_have_popped.wait(); // only for the demo: lets `main` go on
            });
        }
        about_to_wait.wait(); // only for the demo: one worker waits,
        about_to_wait.wait(); // only for the demo: and so does the other
        queue.push(1);
        both_have_popped.wait(); // only for the demo: before there is a second job
        queue.push(2);
        queue.close();
    });

    let mut popped = popped.into_inner().unwrap();
    popped.sort();
    println!("2 jobs for 2 workers: they got {popped:?}");
    if popped == [Some(1), Some(2)] {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
