use std::pin::pin;
use std::time::Duration;

use futures::{StreamExt, poll};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, timeout};

#[path = "../../src/bin/async_streams.rs"]
#[allow(dead_code)]
mod program;
use program::{count, received};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test(start_paused = true)]
async fn a_stream_runs_only_while_somebody_waits_for_its_next_item() {
    let mut numbers = pin!(count(SECOND));
    assert_eq!(numbers.next().await, Some(1));
    sleep(60 * SECOND).await; // the stream does not go on meanwhile
    let start = Instant::now();
    assert_eq!(numbers.next().await, Some(2));
    assert_eq!(start.elapsed(), SECOND);
}

#[tokio::test(start_paused = true)]
async fn next_dropped_half_way_goes_on_where_it_was() {
    let start = Instant::now();
    let mut numbers = pin!(count(3 * SECOND));
    for _ in 0..2 {
        let early = timeout(SECOND, numbers.next()).await;
        assert!(early.is_err());
    }
    assert_eq!(numbers.next().await, Some(1));
    assert_eq!(start.elapsed(), 3 * SECOND);
}

#[tokio::test]
async fn next_dropped_half_way_loses_no_message() {
    let (sender, receiver) = mpsc::channel(2);
    let mut messages = pin!(received(receiver));
    assert!(poll!(messages.next()).is_pending());
    sender.send("first").await.unwrap();
    sender.send("second").await.unwrap();
    drop(sender);
    assert_eq!(messages.next().await, Some("first"));
    assert_eq!(messages.next().await, Some("second"));
    assert_eq!(messages.next().await, None);
}

#[tokio::test]
async fn dropping_the_stream_closes_the_channel() {
    let (sender, receiver) = mpsc::channel(2);
    let mut messages = Box::pin(received(receiver));
    assert!(poll!(messages.next()).is_pending());
    drop(messages);
    assert!(sender.send("nobody gets it").await.is_err());
}
