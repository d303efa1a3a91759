use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[path = "../../src/bin/producer_consumer.rs"]
#[allow(dead_code)]
mod program;
use program::produce_and_consume;

const LONG: Duration = Duration::from_secs(10);

#[test]
fn a_producer_waits_while_the_queue_is_full() {
    let (report, made) = mpsc::channel();
    let producer = (0..100).inspect(|item| report.send(*item).unwrap());
    produce_and_consume(vec![producer], 2, |item| {
        if item == 0 {
            // This one, two in the queue, and one that waits for room.
            for _ in 0..4 {
                made.recv_timeout(LONG).expect("there is room for it");
            }
            let fifth = made.recv_timeout(Duration::from_millis(50));
            assert!(fifth.is_err(), "there is no room for it");
        }
    });
}

#[test]
fn a_panic_of_the_consumer_ends_endless_producers() {
    let (report, ended) = mpsc::channel();
    let caller = thread::spawn(move || {
        let result = catch_unwind(|| {
            produce_and_consume(vec![0.., 0..], 1, |_| panic!("in the consumer"));
        });
        report.send(result.is_err()).unwrap();
    });
    assert_eq!(ended.recv_timeout(LONG), Ok(true));
    caller.join().unwrap();
}

#[test]
fn a_panic_of_a_producer_comes_when_the_other_items_are_consumed() {
    let producers = [0..3, 3..6]
        .map(|numbers| numbers.inspect(|number| assert_ne!(*number, 4, "in a producer")));
    let mut consumed = Vec::new();
    let result = catch_unwind(AssertUnwindSafe(|| {
        produce_and_consume(Vec::from(producers), 1, |number| consumed.push(number));
    }));
    assert!(result.is_err());
    consumed.sort();
    assert_eq!(consumed, [0, 1, 2, 3]);
}

#[test]
fn without_producers_it_returns_at_once() {
    let none: Vec<Range<u32>> = Vec::new();
    produce_and_consume(none, 1, |_| panic!("an item from nowhere"));
}
