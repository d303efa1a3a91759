//! Build an executor: what runs futures, in one screen.
//!
//! Read it to see what a runtime does. The executor takes a task from a queue and polls its future.
//! A future that has to wait keeps the waker it was given and returns `Pending`; whoever has what
//! it waits for calls the waker, and that puts the task into the queue again. Until then nobody
//! polls it.
//!
//! - The tasks share one thread. One that blocks or computes stops all others.
//! - This is Python's event loop without the sockets, which are in `epoll_event_loop`, and without
//!   the timers: `future_by_hand`.
//! - For real work use tokio.
//!
//! Python: `loop.run_forever()` and `loop.call_soon(callback)`
//! Needs: nothing
//! Tested: `asyncio/tests/proof/mini_executor.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin mini_executor
//! one 1
//! two 1
//! one 2
//! two 2
//! one 3
//! two 3
//! all tasks have ended
//! ```

use std::pin::Pin;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Wake, Waker};

/// Runs futures on the thread that calls `run`.
pub struct Executor {
    queue: Receiver<Arc<Task>>,
    spawner: Sender<Arc<Task>>,
}

struct Task {
    /// `None` once it has ended.
    future: Mutex<Option<Pin<Box<dyn Future<Output = ()> + Send>>>>,
    queue: Sender<Arc<Task>>,
}

impl Wake for Task {
    /// Puts the task into the queue: its future can make progress.
    fn wake(self: Arc<Self>) {
        let task = self.clone();
        let _ = self.queue.send(task); // an error: the executor is gone
    }
}

impl Executor {
    pub fn new() -> Self {
        let (spawner, queue) = channel(); // without a bound: a waker must not wait
        Self { queue, spawner }
    }

    /// Adds a task. It does not run before `run`.
    pub fn spawn(&self, future: impl Future<Output = ()> + Send + 'static) {
        let task = Task {
            future: Mutex::new(Some(Box::pin(future))),
            queue: self.spawner.clone(),
        };
        Arc::new(task).wake();
    }

    /// Runs until no task is left that somebody could wake.
    ///
    /// # Panics
    /// With the panic of a task. The other tasks are dropped.
    pub fn run(self) {
        // Only tasks, and the wakers that they gave away, hold the queue open from here on.
        drop(self.spawner);
        while let Ok(task) = self.queue.recv() {
            task.poll();
        }
    }
}

impl Task {
    /// Lets the future run until it waits or ends.
    fn poll(self: Arc<Self>) {
        let waker = Waker::from(self.clone());
        let mut context = Context::from_waker(&waker);
        let mut slot = self.future.lock().unwrap();
        let Some(mut future) = slot.take() else {
            return; // it has ended, and was woken once more
        };
        let outcome = future.as_mut().poll(&mut context);
        if outcome.is_pending() {
            *slot = Some(future);
        }
    }
}

impl Default for Executor {
    fn default() -> Self {
        Self::new()
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::future::poll_fn;
use std::task::Poll;

fn main() {
    let executor = Executor::new();
    executor.spawn(count("one"));
    executor.spawn(count("two"));
    executor.run();
    println!("all tasks have ended");
}

async fn count(name: &str) {
    for n in 1..=3 {
        println!("{name} {n}");
        yield_now().await;
    }
}

/// Lets the other tasks run first: wakes itself, and is pending once.
async fn yield_now() {
    let mut yielded = false;
    poll_fn(|context| {
        if yielded {
            return Poll::Ready(());
        }
        yielded = true;
        context.waker().wake_by_ref();
        Poll::Pending
    })
    .await
}
