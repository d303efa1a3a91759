//! Fixed: `while` around the wait on a condition variable: whoever is woken looks again.
//!
//! A worker that is woken and finds nothing goes back to waiting, so `None` means what it says: the
//! queue is closed and empty. The cost is a needless wakeup for each of the other workers. With
//! `notify_one` in `push` there are fewer, and the loop is still needed. `Condvar::wait_while` is
//! the same loop.
//!
//! Python: `while not items: condition.wait()`, or `condition.wait_for(lambda: items)`
//! Broken: `race_condvar_if_broken`
//! Needs: nothing
//! Tested: `models/tests/races.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_condvar_if_fixed
//! 2 jobs for 2 workers: they got [Some(1), Some(2)]
//! ```

use std::collections::VecDeque;
use std::process::ExitCode;
use std::sync::{Condvar, Mutex};
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
    pub fn pop(&self) -> Option<u32> {
        let mut state = self.state.lock().unwrap();
        while state.jobs.is_empty() && !state.closed {
            state = self.changed.wait(state).unwrap(); // FIXED: and then looks again
        }
        state.jobs.pop_front()
    }
}

fn main() -> ExitCode {
    let queue = Queue::default();
    let popped = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                let job = queue.pop();
                popped.lock().unwrap().push(job);
            });
        }
        queue.push(1);
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
