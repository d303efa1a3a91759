use std::task::Poll;

use futures::poll;
use tokio::sync::{Mutex, mpsc};

#[path = "../../src/bin/async_producer_consumer.rs"]
#[allow(dead_code)]
mod program;
use program::next_item;

#[tokio::test]
async fn the_producer_is_ahead_by_the_capacity_and_the_item_in_hand() {
    let (sender, receiver) = mpsc::channel(2);
    let queue = Mutex::new(receiver);
    let mut produced = 0;
    let mut produce = Box::pin(async {
        for item in 1..=100 {
            sender.send(item).await.unwrap();
            produced = item;
        }
    });
    assert!(poll!(&mut produce).is_pending());
    assert_eq!(next_item(&queue).await, Some(1)); // in hand
    assert!(poll!(&mut produce).is_pending());
    drop(produce);
    assert_eq!(produced, 3);
}

#[tokio::test]
async fn a_consumer_that_is_canceled_takes_no_item_with_it() {
    let (sender, receiver) = mpsc::channel(2);
    let queue = Mutex::new(receiver);
    let mut holds_the_lock = Box::pin(next_item(&queue));
    assert!(poll!(&mut holds_the_lock).is_pending());
    let mut waits_for_the_lock = Box::pin(next_item(&queue));
    assert!(poll!(&mut waits_for_the_lock).is_pending());
    sender.send(1).await.unwrap(); // wakes the first one
    drop(holds_the_lock);
    drop(waits_for_the_lock);
    assert_eq!(next_item(&queue).await, Some(1));
}

#[tokio::test]
async fn a_consumer_has_no_await_with_an_item_in_hand() {
    let (sender, receiver) = mpsc::channel(2);
    let queue = Mutex::new(receiver);
    let mut consumer = Box::pin(next_item(&queue));
    assert!(poll!(&mut consumer).is_pending());
    sender.send(1).await.unwrap();
    assert_eq!(poll!(&mut consumer), Poll::Ready(Some(1)));
}

#[tokio::test]
async fn what_is_queued_when_the_sender_is_dropped_is_still_consumed() {
    let (sender, receiver) = mpsc::channel(2);
    let queue = Mutex::new(receiver);
    sender.send(1).await.unwrap();
    drop(sender);
    assert_eq!(next_item(&queue).await, Some(1));
    assert_eq!(next_item(&queue).await, None);
    assert_eq!(next_item(&queue).await, None);
}

#[tokio::test]
async fn send_fails_when_the_consumers_are_gone_and_returns_the_item() {
    let (sender, receiver) = mpsc::channel(1);
    let queue = Mutex::new(receiver);
    sender.send(1).await.unwrap();
    let mut waits_for_room = Box::pin(sender.send(2));
    assert!(poll!(&mut waits_for_room).is_pending());
    drop(queue);
    assert_eq!(waits_for_room.await.unwrap_err().0, 2);
}
