//! Run a function after a delay, on a thread of its own, unless it is canceled before.
//!
//! Use it for a time limit or a reminder, if there are only a few. The timer's thread waits for a
//! message, but no longer than the delay. If a message comes, the timer is canceled; if not, the
//! thread runs the function. The channel has a capacity of 0: `send` succeeds only when the thread
//! has taken the message. So `cancel` knows whether it was in time.
//!
//! - Dropping a `Timer` cancels it. To let it run its function, keep it, or call `join`.
//! - A function that is running cannot be stopped. `cancel` and drop do not wait for it, so the
//!   function itself may call them.
//! - Each timer is a thread. For many timers, or repeated ones: `scheduled_tasks`.
//!
//! Python: `threading.Timer(10, f)`, whose `cancel()` does not say whether it was in time
//! Needs: nothing
//! Tested: `threading/tests/proof/timer_cancel.rs`
//!
//! ```console
//! $ cargo run -p threading --bin timer_cancel
//! tea is ready
//! canceled in time: true
//! ```

use std::sync::mpsc::{self, RecvTimeoutError, SyncSender};
use std::thread::{self, JoinHandle};
use std::time::Duration;

/// A function that will run later. Dropped before that, it never runs.
pub struct Timer {
    cancel: SyncSender<()>,
    thread: JoinHandle<()>,
}

impl Timer {
    /// Calls `function` on a new thread when `delay` is over.
    ///
    /// # Panics
    /// If the system has no more threads to give.
    pub fn start(delay: Duration, function: impl FnOnce() + Send + 'static) -> Self {
        let (cancel, canceled) = mpsc::sync_channel(0);
        let thread = thread::spawn(move || {
            let waited = canceled.recv_timeout(delay);
            drop(canceled); // from here on, `cancel` is too late
            if waited == Err(RecvTimeoutError::Timeout) {
                function();
            }
        });
        Self { cancel, thread }
    }

    /// Cancels the timer. Returns `true` if that was in time: the function never runs. Returns
    /// `false` if the function has been called: it may have ended or not.
    pub fn cancel(self) -> bool {
        let sent = self.cancel.send(()); // `Ok`: the thread has taken the message
        sent.is_ok()
    }

    /// Waits until the function has run. The function itself must not call this.
    ///
    /// # Errors
    /// The panic of the function.
    pub fn join(self) -> thread::Result<()> {
        self.thread.join() // `self.cancel` is dropped after this
    }
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() {
    let tea = Timer::start(Duration::from_millis(50), || println!("tea is ready"));
    tea.join().expect("printing does not panic");

    let alarm = Timer::start(Duration::from_secs(3600), || println!("wake up"));
    println!("canceled in time: {}", alarm.cancel());
}
