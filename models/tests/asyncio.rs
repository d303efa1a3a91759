//! What can come out of the locks and queues of `asyncio` that people copy: the whole set,
//! over every schedule, or over 10,000 at random where all are too many; and never a hang.
//!
//! Each task of the model is a thread of its own, so these are the schedules of a runtime with as
//! many threads as tasks.

extern crate shuttle_tokio as tokio;
extern crate std as real_std;
extern crate std_model as std;

use real_std::sync::mpsc;
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use models::outcomes;
use shuttle::future::block_on;
use tokio::{sync, task};

models::examples! {
    async_producer_consumer: "../../asyncio/src/bin/async_producer_consumer.rs",
    async_semaphore: "../../asyncio/src/bin/async_semaphore.rs",
}

/// Returns the items that this consumer got.
async fn consume(queue: Arc<sync::Mutex<sync::mpsc::Receiver<u32>>>) -> Vec<u32> {
    let mut items = Vec::new();
    while let Some(item) = async_producer_consumer::next_item(&queue).await {
        items.push(item);
    }
    items
}

/// What each of two consumers got of the items from 1 to `last`, when both have ended.
fn consumed(last: u32) -> [Vec<u32>; 2] {
    block_on(async {
        let (sender, receiver) = sync::mpsc::channel(1);
        let queue = Arc::new(sync::Mutex::new(receiver));
        let first = task::spawn(consume(queue.clone()));
        let second = task::spawn(consume(queue));
        for item in 1..=last {
            sender.send(item).await.unwrap();
        }
        drop(sender);
        [first.await.unwrap(), second.await.unwrap()]
    })
}

/// Each item is consumed once, by any of the consumers, and these end when the sender is dropped.
#[test]
fn async_producer_consumer() {
    let of_one = outcomes(|| consumed(1));
    assert_eq!(of_one, [[vec![], vec![1]], [vec![1], vec![]]].into());

    let (report, of_two) = mpsc::channel();
    let consume_two = move || report.send(consumed(2)).unwrap();
    shuttle::check_random(consume_two, 10_000); // all schedules are too many
    let of_two: BTreeSet<_> = of_two.into_iter().collect();
    let expected = [
        [vec![], vec![1, 2]],
        [vec![1], vec![2]],
        [vec![2], vec![1]],
        [vec![1, 2], vec![]],
    ];
    assert_eq!(of_two, expected.into());
}

/// The most tasks that had a permit at the same time. All of them end.
fn most_at_once(permits: usize, tasks: usize) -> usize {
    let inside = Arc::new(AtomicUsize::new(0));
    let most_inside = Arc::new(AtomicUsize::new(0));
    block_on(async {
        let permits = Arc::new(sync::Semaphore::new(permits));
        let mut handles = Vec::new();
        for _ in 0..tasks {
            let permits = permits.clone();
            let inside = inside.clone();
            let most_inside = most_inside.clone();
            let handle = task::spawn(async move {
                let work = async {
                    let now_inside = inside.fetch_add(1, Relaxed) + 1;
                    most_inside.fetch_max(now_inside, Relaxed);
                    inside.fetch_sub(1, Relaxed);
                };
                async_semaphore::with_permit(&permits, work).await;
            });
            handles.push(handle);
        }
        for handle in handles {
            handle.await.unwrap();
        }
    });
    most_inside.load(Relaxed)
}

/// Never more than there are permits, and now and then as many.
#[test]
fn async_semaphore() {
    assert_eq!(outcomes(|| most_at_once(1, 2)), [1].into());
    assert_eq!(outcomes(|| most_at_once(2, 2)), [1, 2].into());
}
