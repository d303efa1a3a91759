use std::future::pending;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures::poll;
use tokio::sync::{broadcast, watch};

#[path = "../../src/bin/broadcast_watch.rs"]
#[allow(dead_code)]
mod program;
use program::{for_each_change, for_each_message};

#[tokio::test]
async fn what_is_left_comes_after_the_sender_is_dropped_and_the_rest_is_counted() {
    let (sender, receiver) = broadcast::channel(4);
    for n in 1..=10 {
        sender.send(n).unwrap();
    }
    drop(sender);
    let mut got = Vec::new();
    let missed = for_each_message(receiver, async |n| got.push(n)).await;
    assert_eq!(got, [7, 8, 9, 10]);
    assert_eq!(missed, 6);
}

#[tokio::test]
async fn without_a_message_it_ends_with_the_sender() {
    let (sender, receiver) = broadcast::channel::<u32>(4);
    let mut receiving = Box::pin(for_each_message(receiver, async |_| {}));
    assert!(poll!(&mut receiving).is_pending());
    drop(sender);
    assert_eq!(receiving.await, 0);
}

#[tokio::test]
async fn the_last_value_comes_also_if_the_sender_is_dropped_at_once() {
    let (sender, receiver) = watch::channel(0);
    sender.send(1).unwrap();
    sender.send(2).unwrap();
    drop(sender);
    let mut got = Vec::new();
    for_each_change(receiver, async |n| got.push(n)).await;
    assert_eq!(got, [2]);
}

#[tokio::test]
async fn a_slow_handler_holds_up_no_sender() {
    let (messages, message_receiver) = broadcast::channel(1);
    let (state, state_receiver) = watch::channel(0);
    let mut first = Box::pin(for_each_message(message_receiver, async |_| {
        pending().await
    }));
    let mut second = Box::pin(for_each_change(state_receiver, async |_| pending().await));
    messages.send(1).unwrap();
    state.send(1).unwrap();
    assert!(poll!(&mut first).is_pending());
    assert!(poll!(&mut second).is_pending());
    let (report, reports) = mpsc::channel();
    thread::spawn(move || {
        messages.send(2).unwrap();
        state.send(2).unwrap(); // would block if the value were still borrowed
        report.send("both sent").unwrap();
    });
    let sent = reports.recv_timeout(Duration::from_secs(10));
    assert_eq!(sent, Ok("both sent"));
}
