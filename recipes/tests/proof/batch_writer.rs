use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::task::yield_now;
use tokio::time::{Instant, sleep, timeout};

#[path = "../../src/bin/batch_writer.rs"]
#[allow(dead_code)]
mod program;
use program::write_batches;

const SECOND: Duration = Duration::from_secs(1);

/// When a batch was written, in milliseconds, and what was in it.
type Writes = Arc<Mutex<Vec<(u128, Vec<u32>)>>>;

/// Writes batches of at most 10 items, with a wait of at most a second, and keeps a record.
async fn record(items: mpsc::Receiver<u32>, writes: Writes) -> Result<(), ()> {
    let start = Instant::now();
    let write = |batch| {
        let writes = writes.clone();
        async move {
            let now = start.elapsed().as_millis();
            writes.lock().unwrap().push((now, batch));
            Ok(())
        }
    };
    write_batches(items, 10, SECOND, write).await
}

#[tokio::test(start_paused = true)]
async fn no_item_waits_longer_than_allowed_while_others_keep_coming() {
    let (items, queue) = mpsc::channel(10);
    let writes = Writes::default();
    let writer = tokio::spawn(record(queue, writes.clone()));
    for item in 0..6 {
        items.send(item).await.unwrap();
        sleep(Duration::from_millis(400)).await;
    }
    drop(items);
    writer.await.unwrap().unwrap();
    let writes = writes.lock().unwrap();
    assert_eq!(*writes, [(1000, vec![0, 1, 2]), (2200, vec![3, 4, 5])]);
}

#[tokio::test(start_paused = true)]
async fn at_the_end_everything_is_written_at_once_and_in_order() {
    for number in [0, 1, 9, 10, 11, 25] {
        let (items, queue) = mpsc::channel(100);
        for item in 0..number {
            items.send(item).await.unwrap();
        }
        drop(items);
        let writes = Writes::default();
        record(queue, writes.clone()).await.unwrap();

        let mut written = Vec::new();
        for (time, batch) in writes.lock().unwrap().iter() {
            assert_eq!(*time, 0);
            assert!((1..=10).contains(&batch.len()));
            written.extend_from_slice(batch);
        }
        assert_eq!(written, Vec::from_iter(0..number));
        let fewest = number.div_ceil(10) as usize;
        assert_eq!(writes.lock().unwrap().len(), fewest);
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_writer_holds_up_the_senders() {
    let (items, queue) = mpsc::channel(5);
    let write = |_| async {
        sleep(60 * SECOND).await;
        Ok::<(), ()>(())
    };
    let writer = tokio::spawn(write_batches(queue, 10, SECOND, write));
    let mut sent = 0;
    let start = Instant::now();
    while start.elapsed() < 30 * SECOND {
        match items.try_send(sent) {
            Ok(()) => sent += 1,
            Err(_) => sleep(SECOND).await,
        }
        yield_now().await;
    }
    assert_eq!(sent, 10 + 5, "a batch and the channel");
    writer.abort();
}

#[tokio::test(start_paused = true)]
async fn after_a_failed_write_the_writer_returns_the_error_and_sending_fails() {
    let (items, queue) = mpsc::channel(10);
    let writer = tokio::spawn(write_batches(queue, 10, SECOND, async |_| Err("full")));
    items.send(0).await.unwrap();
    let closed = timeout(60 * SECOND, items.closed()).await;
    assert!(closed.is_ok(), "the writer goes on");
    assert!(items.send(1).await.is_err());
    assert_eq!(writer.await.unwrap(), Err("full"));
}

#[tokio::test(start_paused = true)]
async fn a_wait_of_zero_or_forever_is_allowed() {
    for max_wait in [Duration::ZERO, Duration::MAX] {
        let (items, queue) = mpsc::channel(10);
        let mut written = 0;
        let write = |batch: Vec<u32>| {
            written += batch.len();
            async { Ok::<(), ()>(()) }
        };
        let send = async {
            for item in 0..5 {
                items.send(item).await.unwrap();
            }
            drop(items);
        };
        let (result, ()) = tokio::join!(write_batches(queue, 10, max_wait, write), send);
        result.unwrap();
        assert_eq!(written, 5);
    }
}
