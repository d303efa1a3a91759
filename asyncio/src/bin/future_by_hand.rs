//! Build a future: a sleep that a timer thread wakes up.
//!
//! Read it to see what a future that waits is made of. `poll` looks whether the time is over. If
//! not, it leaves its waker with whoever will know, here a thread, and returns `Pending`. Later the
//! thread calls the waker, and the runtime polls again. In this way everything that answers by a
//! callback can become a future.
//!
//! - The time begins with the first poll, because a future does nothing before.
//! - Each poll leaves its waker anew: the next poll may come from another task.
//! - Dropping the future cancels it, and its thread ends at once.
//! - For real work: `tokio::time::sleep`, which needs no thread. For an answer that comes from
//!   elsewhere: `tokio::sync::oneshot`.
//!
//! Python: `loop.create_future()`, and `loop.call_later(1, future.set_result, None)`
//! Needs: nothing
//! Demo needs: `cargo add tokio@1 -F macros,rt`
//! Tested: `asyncio/tests/proof/future_by_hand.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin future_by_hand
//! slept, and was polled 2 times
//! ```

use std::pin::Pin;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll, Waker};
use std::thread;
use std::time::Duration;

/// A future that is ready a certain time after its first poll.
pub struct Sleep {
    duration: Duration,
    /// `None` before the first poll.
    timer: Option<Timer>,
}

struct Timer {
    state: Arc<Mutex<State>>,
    /// Dropping it ends the thread.
    _cancel: SyncSender<()>,
}

struct State {
    is_over: bool,
    waker: Waker,
}

/// Returns a future that is ready `duration` after its first poll.
pub fn sleep(duration: Duration) -> Sleep {
    Sleep {
        duration,
        timer: None,
    }
}

impl Future for Sleep {
    type Output = ();

    /// # Panics
    /// At the first poll, if the system has no more threads to give.
    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<()> {
        let waker = context.waker().clone();
        let Some(timer) = &self.timer else {
            self.timer = Some(Timer::start(self.duration, waker));
            return Poll::Pending;
        };
        let mut state = timer.state.lock().unwrap();
        if state.is_over {
            return Poll::Ready(());
        }
        state.waker = waker;
        Poll::Pending
    }
}

impl Timer {
    /// Starts a thread that calls the waker after `duration`.
    fn start(duration: Duration, waker: Waker) -> Self {
        let state = State {
            is_over: false,
            waker,
        };
        let state = Arc::new(Mutex::new(state));
        let shared = state.clone();
        let (cancel, canceled) = sync_channel(1);
        thread::spawn(move || {
            if canceled.recv_timeout(duration) == Err(RecvTimeoutError::Timeout) {
                let mut state = shared.lock().unwrap();
                state.is_over = true;
                let waker = state.waker.clone();
                drop(state); // a waker may poll the future at once
                waker.wake();
            }
        });
        Self {
            state,
            _cancel: cancel,
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::future::poll_fn;
use std::pin::pin;

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let mut polls = 0;
    let mut sleep = pin!(sleep(Duration::from_millis(100)));
    poll_fn(|context| {
        polls += 1;
        sleep.as_mut().poll(context)
    })
    .await;
    println!("slept, and was polled {polls} times");
}
