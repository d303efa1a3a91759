use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

#[path = "../../src/bin/timer_cancel.rs"]
#[allow(dead_code)]
mod program;
use program::Timer;

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(10);

#[test]
fn a_timer_that_is_canceled_or_dropped_ends_without_calling_its_function() {
    let (ran, has_run) = mpsc::channel();
    let timer = Timer::start(HOUR, move || ran.send(()).unwrap());
    assert!(timer.cancel());
    // The thread has dropped its function.
    assert_eq!(
        has_run.recv_timeout(PATIENCE),
        Err(RecvTimeoutError::Disconnected)
    );

    let (ran, has_run) = mpsc::channel();
    let timer = Timer::start(HOUR, move || ran.send(()).unwrap());
    drop(timer);
    assert_eq!(
        has_run.recv_timeout(PATIENCE),
        Err(RecvTimeoutError::Disconnected)
    );
}

#[test]
fn cancel_while_the_function_runs_is_too_late_and_does_not_wait_for_it() {
    let (begun, has_begun) = mpsc::channel();
    let (gate, open) = mpsc::channel::<()>();
    let timer = Timer::start(Duration::ZERO, move || {
        begun.send(()).unwrap();
        let _ = open.recv_timeout(PATIENCE);
        begun.send(()).unwrap();
    });
    has_begun.recv().unwrap();
    assert!(!timer.cancel());
    assert!(has_begun.try_recv().is_err(), "it has waited");
    drop(gate);
    has_begun
        .recv_timeout(PATIENCE)
        .expect("the function runs on");
}

#[test]
fn a_function_may_cancel_or_drop_its_own_timer() {
    let (own_timer, receiver) = mpsc::channel::<Timer>();
    let (result, canceled) = mpsc::channel();
    let timer = Timer::start(Duration::ZERO, move || {
        let timer = receiver.recv().unwrap();
        result.send(timer.cancel()).unwrap();
    });
    own_timer.send(timer).unwrap();
    assert_eq!(canceled.recv_timeout(PATIENCE), Ok(false));

    let (own_timer, receiver) = mpsc::channel::<Timer>();
    let (result, dropped) = mpsc::channel();
    let timer = Timer::start(Duration::ZERO, move || {
        drop(receiver.recv().unwrap());
        result.send(()).unwrap();
    });
    own_timer.send(timer).unwrap();
    assert_eq!(dropped.recv_timeout(PATIENCE), Ok(()));
}

#[test]
fn join_waits_for_the_delay_and_returns_the_panic_of_the_function() {
    let timer = Timer::start(Duration::from_millis(10), || panic!("in the function"));
    let panic = timer.join().unwrap_err();
    assert_eq!(panic.downcast_ref(), Some(&"in the function"));
}
