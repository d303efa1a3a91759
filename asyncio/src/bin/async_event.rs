//! Let tasks wait until something happens: an event, a notification, a barrier.
//!
//! Use a `watch` channel where tasks wait for a state, such as "ready": `Event` below is Python's
//! event, made of one. Use `Notify` to wake a task that then looks for something to do. Use
//! `Barrier` where a fixed number of tasks wait for each other.
//!
//! - A task that comes to an event after `set` passes at once. What was written before `set` is
//!   seen after `wait`.
//! - `clear` also holds back the tasks that `set` woke a moment ago and that have not run since. In
//!   Python these still pass.
//! - `notify_one` is kept if nobody waits, but two calls still let only one waiter pass.
//!   `notify_waiters` wakes only those that wait now: `deadlock_missed_notify`.
//! - A task that is canceled in `Barrier::wait` still counts as one that has arrived.
//! - To set a value once: `tokio::sync::SetOnce`. To tell tasks to stop: `CancellationToken`
//!   (`task_cancel`). In threads: `event_set_wait`.
//!
//! Python: `asyncio.Event`, `asyncio.Barrier(3)`; `Notify` has no counterpart
//! Needs: `cargo add tokio@1 -F sync`
//! Demo needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full,test-util`
//! Tested: `asyncio/tests/proof/async_event.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin async_event
//! Event, set after 3s: arrived after [1s, 2s, 4s], passed after [3s, 3s, 4s]
//! Notify, called twice before: Ok(()), Err(Elapsed(()))
//! Barrier of 3: arrived after [1s, 2s, 3s], passed after [3s, 3s, 3s]
//! ```

use tokio::sync::watch;

/// A gate for any number of tasks, closed at first. Share it by reference or in an `Arc`.
#[derive(Default)]
pub struct Event {
    is_set: watch::Sender<bool>,
}

impl Event {
    /// Creates an event that is not set.
    pub fn new() -> Self {
        Self::default()
    }

    /// Opens the gate, for all tasks that wait or come later.
    pub fn set(&self) {
        self.is_set.send_replace(true);
    }

    /// Closes the gate for all tasks that have not passed yet.
    pub fn clear(&self) {
        self.is_set.send_replace(false);
    }

    /// Returns whether the gate is open right now.
    pub fn is_set(&self) -> bool {
        *self.is_set.borrow()
    }

    /// Waits until the gate is open. Dropping this future loses nothing.
    pub async fn wait(&self) {
        let mut is_set = self.is_set.subscribe();
        let opened = is_set.wait_for(|is_set| *is_set).await;
        opened.expect("`self` holds the sender");
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

use futures::future::join_all;
use tokio::join;
use tokio::sync::{Barrier, Notify};
use tokio::time::{Instant, sleep, timeout};

const SECOND: Duration = Duration::from_secs(1);

// Time is paused: when every task waits, the clock jumps to the next deadline.
#[tokio::main(flavor = "current_thread", start_paused = true)]
async fn main() {
    event().await;
    notify().await;
    barrier().await;
}

async fn event() {
    let start = Instant::now();
    let gate = Event::new();
    let open_after_3s = async {
        sleep(3 * SECOND).await;
        gate.set();
    };
    let pass = async |arrival| {
        sleep(arrival).await;
        gate.wait().await;
        start.elapsed()
    };
    let arrivals = [SECOND, 2 * SECOND, 4 * SECOND];
    let (passed, ()) = join!(join_all(arrivals.map(pass)), open_after_3s);
    println!("Event, set after 3s: arrived after {arrivals:?}, passed after {passed:?}");
}

async fn notify() {
    let wake_up = Notify::new();
    wake_up.notify_one(); // nobody waits yet: it is kept
    wake_up.notify_one(); // one is kept already
    let first = timeout(SECOND, wake_up.notified()).await;
    let second = timeout(SECOND, wake_up.notified()).await;
    println!("Notify, called twice before: {first:?}, {second:?}");
}

async fn barrier() {
    let start = Instant::now();
    let barrier = Barrier::new(3);
    let meet = async |arrival| {
        sleep(arrival).await;
        barrier.wait().await;
        start.elapsed()
    };
    let arrivals = [SECOND, 2 * SECOND, 3 * SECOND];
    let passed = join_all(arrivals.map(meet)).await;
    println!("Barrier of 3: arrived after {arrivals:?}, passed after {passed:?}");
}
