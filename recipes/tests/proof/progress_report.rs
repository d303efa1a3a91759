use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use indicatif::{ProgressBar, ProgressDrawTarget};

#[path = "../../src/bin/progress_report.rs"]
#[allow(dead_code)]
mod program;
use program::with_progress;

/// A bar that is not visible, even if the tests run in a terminal.
fn hidden_bar(total: Option<u64>) -> ProgressBar {
    ProgressBar::with_draw_target(total, ProgressDrawTarget::hidden())
}

/// The last line that is logged when so much is done.
fn last_line(total: Option<u64>, done: u64) -> String {
    let bar = hidden_bar(total);
    let mut lines = Vec::new();
    with_progress(&bar, |line| lines.push(line), || bar.inc(done));
    lines.pop().unwrap()
}

#[test]
fn there_is_no_percentage_of_the_unknown() {
    assert_eq!(last_line(None, 7), "7 done");
    assert_eq!(last_line(Some(0), 7), "7 done");
    assert_eq!(last_line(Some(0), 0), "0 done");
    assert_eq!(last_line(Some(6), 7), "7 done", "the total was wrong");
}

#[test]
fn only_all_of_it_is_100_percent() {
    assert_eq!(last_line(Some(1000), 1000), "1000 of 1000, 100 %");
    let line = last_line(Some(1000), 999);
    assert!(line.starts_with("999 of 1000, 99 %"), "{line}");
    let line = last_line(Some(u64::MAX), u64::MAX - 1);
    assert!(line.contains(", 99 %"), "{line}");
}

#[test]
fn there_is_a_line_a_second_and_it_never_goes_back() {
    let bar = hidden_bar(Some(4));
    let (sender, lines) = mpsc::channel();
    let start = Instant::now();
    let log = |line: String| sender.send(line).unwrap();
    with_progress(&bar, log, || {
        for done in 0..3 {
            let line = lines.recv().unwrap();
            assert!(line.starts_with(&format!("{done} of 4")), "{line}");
            bar.inc(1);
        }
    });
    assert!(start.elapsed() >= Duration::from_secs(2));
    let last = lines.try_iter().last().unwrap();
    assert!(last.starts_with("3 of 4, 75 %"), "{last}");
}

#[test]
fn the_end_of_the_work_is_not_delayed() {
    let start = Instant::now();
    for _ in 0..50 {
        last_line(Some(1), 1);
    }
    assert!(start.elapsed() < Duration::from_secs(40));
}

#[test]
fn the_last_line_comes_after_a_panic_too() {
    let bar = hidden_bar(Some(4));
    let mut lines = Vec::new();
    let work = AssertUnwindSafe(|| {
        with_progress(
            &bar,
            |line| lines.push(line),
            || {
                bar.inc(3);
                panic!("in the work");
            },
        )
    });
    assert!(catch_unwind(work).is_err());
    let last = lines.last().unwrap();
    assert!(last.starts_with("3 of 4, 75 %"), "{last}");
}
