use std::thread;
use std::time::{Duration, Instant};

use crossbeam::channel::{Sender, bounded, unbounded};

#[path = "../../src/bin/select_channels.rs"]
#[allow(dead_code)]
mod program;
use program::{End, Event, handle_all};

const HOUR: Duration = Duration::from_secs(3600);
const PATIENCE: Duration = Duration::from_secs(10);
const MOMENT: Duration = Duration::from_millis(20);

fn send_all<T>(messages: impl Iterator<Item = T>, sender: Sender<T>) {
    for message in messages {
        sender.send(message).expect("the loop runs");
    }
}

#[test]
fn every_message_is_handled_and_those_of_a_queue_in_order() {
    let (first_sender, first) = bounded(1);
    let (second_sender, second) = bounded(1);
    let mut numbers = Vec::new();
    let mut letters = Vec::new();
    let end = thread::scope(|scope| {
        scope.spawn(|| send_all(0..100, first_sender));
        scope.spawn(|| send_all('a'..='z', second_sender));
        handle_all(first, second, HOUR, PATIENCE, |event| match event {
            Event::First(number) => numbers.push(number),
            Event::Second(letter) => letters.push(letter),
            Event::Tick => panic!("not for an hour"),
        })
    });
    assert_eq!(end, End::Closed);
    assert!(numbers.into_iter().eq(0..100));
    assert!(letters.into_iter().eq('a'..='z'));
}

#[test]
fn a_closed_queue_does_not_end_the_other_one() {
    let (first_sender, first) = bounded::<()>(1);
    let (second_sender, second) = bounded(1);
    drop(first_sender);
    let mut second_sender = Some(second_sender);
    let mut ticks = 0;
    let mut received = 0;
    let end = handle_all(first, second, MOMENT, PATIENCE, |event| match event {
        Event::First(()) => panic!("the first queue is closed"),
        Event::Second(()) => received += 1,
        Event::Tick => {
            ticks += 1;
            if ticks == 3 {
                // The last message, and then the second queue is closed too.
                let last_sender = second_sender.take().unwrap();
                last_sender.send(()).unwrap();
            }
        }
    });
    assert_eq!(end, End::Closed);
    assert_eq!(received, 1);
}

#[test]
fn a_queue_that_is_never_silent_does_not_put_off_the_deadline() {
    let (sender, busy) = bounded(1);
    let (_silent_sender, silent) = bounded::<()>(1);
    sender.send(()).unwrap();
    let start = Instant::now();
    let mut sender = Some(sender);
    let end = handle_all(busy, silent, HOUR, MOMENT, |_| {
        if start.elapsed() > PATIENCE {
            sender = None;
        }
        if let Some(sender) = &sender {
            sender.send(()).unwrap(); // another one for each that is handled
        }
    });
    assert_eq!(end, End::Deadline);
    assert!(sender.is_some(), "the deadline came late or not at all");
}

#[test]
fn a_busy_queue_does_not_shut_out_the_other_one() {
    let (busy_sender, busy) = unbounded();
    let (rare_sender, rare) = bounded(1);
    for _ in 0..1000 {
        busy_sender.send(()).unwrap();
    }
    rare_sender.send(()).unwrap();
    drop(busy_sender);
    drop(rare_sender);

    let mut handled = 0;
    let mut handled_before_the_rare_one = None;
    handle_all(busy, rare, HOUR, PATIENCE, |event| {
        if let Event::Second(()) = event {
            handled_before_the_rare_one = Some(handled);
        }
        handled += 1;
    });
    assert_eq!(handled, 1001);
    assert_ne!(
        handled_before_the_rare_one,
        Some(1000),
        "it came last of all"
    );
}
