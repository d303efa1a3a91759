use std::time::{Duration, Instant};

#[path = "../../src/bin/event_set_wait.rs"]
#[allow(dead_code)]
mod program;
use program::Event;

#[test]
fn a_wait_with_a_timeout_says_whether_the_gate_is_open() {
    let gate = Event::new();
    let start = Instant::now();
    assert!(!gate.wait_timeout(Duration::from_millis(10)));
    assert!(start.elapsed() >= Duration::from_millis(10));

    gate.set();
    assert!(gate.wait_timeout(Duration::ZERO));
}

#[test]
fn a_cleared_gate_is_closed_again() {
    let gate = Event::new();
    gate.set();
    gate.wait();
    gate.clear();
    assert!(!gate.is_set());
    assert!(!gate.wait_timeout(Duration::ZERO));
}
