use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[path = "../../src/bin/park_unpark.rs"]
#[allow(dead_code)]
mod program;
use program::Signal;

/// Raises the signal a moment later, and says so before.
fn raise_later(signal: &Signal, raised: &AtomicBool) {
    thread::sleep(Duration::from_millis(50)); // whoever does not wait goes on meanwhile
    raised.store(true, Relaxed);
    signal.raise();
}

#[test]
fn a_signal_raised_before_the_wait_is_not_lost() {
    let (sender, passed) = mpsc::channel();
    thread::spawn(move || {
        let signal = Signal::for_this_thread();
        signal.raise();
        signal.wait();
        sender.send(()).unwrap();
    });
    let passed = passed.recv_timeout(Duration::from_secs(10));
    assert!(passed.is_ok(), "it waits for a signal that was there");
}

#[test]
fn a_token_that_somebody_else_left_does_not_end_the_wait() {
    let signal = Signal::for_this_thread();
    let raised = AtomicBool::new(false);
    thread::scope(|scope| {
        scope.spawn(|| raise_later(&signal, &raised));
        thread::current().unpark();
        signal.wait();
        assert!(raised.load(Relaxed));
    });
}

#[test]
fn a_signal_raised_three_times_ends_one_wait() {
    let signal = Signal::for_this_thread();
    let raised = AtomicBool::new(false);
    for _ in 0..3 {
        signal.raise();
    }
    signal.wait();
    thread::scope(|scope| {
        scope.spawn(|| raise_later(&signal, &raised));
        signal.wait();
        assert!(raised.load(Relaxed));
    });
}

#[test]
fn only_its_own_thread_may_wait_for_a_signal() {
    let signal = Signal::for_this_thread();
    signal.raise();
    let in_another_thread = thread::spawn(move || signal.wait());
    assert!(in_another_thread.join().is_err());
}
