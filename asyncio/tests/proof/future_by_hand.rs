use std::pin::pin;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::task::{Context, Wake, Waker};
use std::thread;
use std::time::Duration;

use futures::executor::block_on;
use futures::join;

#[path = "../../src/bin/future_by_hand.rs"]
#[allow(dead_code)]
mod program;
use program::sleep;

const LONG: Duration = Duration::from_secs(3600);
const SHORT: Duration = Duration::from_millis(100);
const LIMIT: Duration = Duration::from_secs(10);

/// A waker that sends a message for each call.
struct Messenger(Sender<()>);

impl Wake for Messenger {
    fn wake(self: Arc<Self>) {
        self.0.send(()).unwrap();
    }
}

/// Returns a waker, and the messages of its calls, which end when all its copies are dropped.
fn waker() -> (Waker, Receiver<()>) {
    let (calls, messages) = channel();
    (Waker::from(Arc::new(Messenger(calls))), messages)
}

#[test]
fn the_waker_of_the_last_poll_is_called_and_no_other() {
    loop {
        let (first, first_calls) = waker();
        let (second, second_calls) = waker();
        let mut sleep = Box::pin(sleep(SHORT));
        let poll = sleep.as_mut().poll(&mut Context::from_waker(&first));
        assert!(poll.is_pending());
        let poll = sleep.as_mut().poll(&mut Context::from_waker(&second));
        if poll.is_ready() {
            continue; // this thread was held up too long: once more
        }
        assert_eq!(second_calls.recv_timeout(LIMIT), Ok(()));
        let poll = sleep.as_mut().poll(&mut Context::from_waker(&second));
        assert!(poll.is_ready());

        drop(sleep);
        drop(first);
        let calls = first_calls.recv_timeout(LIMIT);
        assert_eq!(calls, Err(RecvTimeoutError::Disconnected), "never called");
        return;
    }
}

#[test]
fn dropped_half_way_its_thread_ends_and_calls_nobody() {
    let (waker, calls) = waker();
    let mut sleep = Box::pin(sleep(LONG));
    let poll = sleep.as_mut().poll(&mut Context::from_waker(&waker));
    assert!(poll.is_pending());
    drop(sleep);
    drop(waker);
    // The thread had the last copy of the waker.
    let calls = calls.recv_timeout(LIMIT);
    assert_eq!(calls, Err(RecvTimeoutError::Disconnected));
}

#[test]
fn the_time_begins_with_the_first_poll() {
    let mut sleep = pin!(sleep(SHORT));
    thread::sleep(2 * SHORT);
    let mut context = Context::from_waker(Waker::noop());
    assert!(sleep.as_mut().poll(&mut context).is_pending());
}

#[test]
fn other_executors_run_it_too_and_no_time_is_a_sleep_as_well() {
    block_on(async {
        join!(sleep(SHORT), sleep(Duration::ZERO));
    });
}
