use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

#[path = "../../src/bin/select_loop.rs"]
#[allow(dead_code)]
mod program;
use program::{Event, handle_all};

const SECOND: Duration = Duration::from_secs(1);

#[tokio::test]
async fn at_the_stop_each_message_is_handled_or_given_back_to_its_sender() {
    let (sender, messages) = mpsc::channel(4);
    let mut senders = JoinSet::new();
    for number in 0..100 {
        let sender = sender.clone();
        senders.spawn(async move { sender.send(number).await });
    }
    drop(sender);

    let stop = CancellationToken::new();
    let mut handled = Vec::new();
    handle_all(messages, SECOND, stop.clone(), async |event| {
        if let Event::Message(number) = event {
            handled.push(number);
            if handled.len() == 10 {
                stop.cancel();
            }
        }
    })
    .await;

    let results = senders.join_all().await;
    let refused = results.into_iter().filter_map(Result::err);
    let refused: Vec<i32> = refused.map(|error| error.0).collect();
    assert!(handled.len() > 10, "those in the channel as well");
    assert!(!refused.is_empty(), "the other senders are told");
    let mut all = [handled, refused].concat();
    all.sort();
    assert_eq!(all, Vec::from_iter(0..100));
}

#[tokio::test(start_paused = true)]
async fn a_channel_that_is_never_empty_holds_up_neither_ticks_nor_the_stop() {
    let (sender, messages) = mpsc::channel(1);
    sender.send(()).await.unwrap();
    let stop = CancellationToken::new();
    let mut message_count = 0;
    let mut ticks = Vec::new();
    let start = Instant::now();

    handle_all(messages, SECOND, stop.clone(), async |event| match event {
        Event::Message(()) => {
            let _ = sender.try_send(()); // the channel is full again; an error: it is closed
            message_count += 1;
            assert!(message_count < 1000, "the stop is not seen");
            sleep(SECOND / 10).await;
        }
        Event::Tick => {
            ticks.push(start.elapsed());
            if ticks.len() == 4 {
                stop.cancel();
            }
        }
    })
    .await;
    assert_eq!(ticks, [0, 1, 2, 3].map(|number| number * SECOND));
    assert_eq!(
        message_count, 31,
        "ten a second, and the one in the channel"
    );
}

#[tokio::test(start_paused = true)]
async fn messages_do_not_put_off_the_ticks() {
    let (sender, messages) = mpsc::channel(1);
    let mut tick_count = 0;
    let count = handle_all(messages, SECOND, CancellationToken::new(), async |event| {
        if let Event::Tick = event {
            tick_count += 1;
        }
    });
    let send = async {
        for _ in 0..35 {
            sleep(3 * SECOND / 10).await;
            sender.send(()).await.unwrap();
        }
        drop(sender);
    };
    tokio::join!(count, send);
    assert_eq!(tick_count, 11, "at 0, 1, .. 10 seconds of 10.5");
}

#[tokio::test]
async fn it_ends_when_all_senders_are_dropped() {
    for count in [0, 1, 5] {
        let (sender, messages) = mpsc::channel(5);
        for number in 0..count {
            sender.send(number).await.unwrap();
        }
        drop(sender);
        let mut handled = Vec::new();
        let handle = async |event| {
            if let Event::Message(number) = event {
                handled.push(number);
            }
        };
        let ended = handle_all(messages, SECOND, CancellationToken::new(), handle);
        timeout(10 * SECOND, ended).await.unwrap();
        assert_eq!(handled, Vec::from_iter(0..count));
    }
}

#[tokio::test]
async fn it_runs_in_a_task_of_its_own() {
    let (sender, messages) = mpsc::channel::<u32>(1);
    let stop = CancellationToken::new();
    let task = tokio::spawn(handle_all(messages, SECOND, stop.clone(), async |_| ()));
    stop.cancel();
    task.await.unwrap();
    assert!(sender.is_closed());
}
