use std::io;
use std::thread;
use std::time::Duration;

#[path = "../../src/bin/latency_table.rs"]
#[allow(dead_code)]
mod program;
use program::median_time;

#[test]
fn a_few_slow_rounds_do_not_change_the_median() {
    let mut calls = 0;
    let time = median_time(10, || {
        calls += 1;
        if calls <= 50 {
            thread::sleep(Duration::from_millis(20));
        }
        Ok(())
    });
    assert!(time.unwrap() < Duration::from_millis(10));
}

#[test]
fn the_first_error_ends_it() {
    let mut calls = 0;
    let time = median_time(10, || {
        calls += 1;
        if calls == 3 {
            return Err(io::Error::other("the third call"));
        }
        Ok(())
    });
    assert!(time.is_err());
    assert_eq!(calls, 3);
}
