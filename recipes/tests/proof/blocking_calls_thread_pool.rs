use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use futures::StreamExt;
use tokio::task::yield_now;
use tokio::time::sleep;
use tokio::{runtime, select};

#[path = "../../src/bin/blocking_calls_thread_pool.rs"]
#[allow(dead_code)]
mod program;
use program::calls;

#[tokio::test]
async fn n_calls_run_at_once_and_never_more() {
    let at_once = AtomicUsize::new(0);
    let most_at_once = Arc::new(AtomicUsize::new(0));
    let most = most_at_once.clone();
    let call = move |number: usize| {
        most.fetch_max(at_once.fetch_add(1, Relaxed) + 1, Relaxed);
        let start = Instant::now();
        while most.load(Relaxed) < 3 && start.elapsed() < Duration::from_secs(5) {
            thread::sleep(Duration::from_millis(1));
        }
        thread::sleep(Duration::from_millis(20)); // one too many would be seen
        at_once.fetch_sub(1, Relaxed);
        Ok(number)
    };
    let results = calls(0..6, call).buffer_unordered(3);
    let mut numbers: Vec<usize> = results.map(|(number, _)| number).collect().await;
    numbers.sort();
    assert_eq!(numbers, Vec::from_iter(0..6));
    assert_eq!(most_at_once.load(Relaxed), 3);
}

/// A call that waits for the message of `go` if its item is 0, and a way to send that.
fn first_call_waits() -> (mpsc::Sender<()>, impl Fn(u32) -> Result<u32> + Send + Sync) {
    let (go, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let call = move |number| {
        if number == 0 {
            gate.lock().unwrap().recv()?;
        }
        Ok(number)
    };
    (go, call)
}

#[tokio::test]
async fn as_they_end_a_slow_call_holds_nobody_up() {
    let (go, call) = first_call_waits();
    let mut results = pin!(calls(0..3, call).buffer_unordered(2));
    assert_eq!(results.next().await.unwrap().0, 1);
    assert_eq!(results.next().await.unwrap().0, 2);
    go.send(()).unwrap();
    assert_eq!(results.next().await.unwrap().0, 0);
    assert!(results.next().await.is_none());
}

#[tokio::test]
async fn in_order_only_n_calls_are_made_while_the_first_is_slow() {
    let (go, call) = first_call_waits();
    let made = Arc::new(AtomicUsize::new(0));
    let counted = made.clone();
    let call = move |number| {
        counted.fetch_add(1, Relaxed);
        call(number)
    };
    // The list has no end.
    let mut results = pin!(calls(0.., call).buffered(3));
    let three_are_made = async {
        while made.load(Relaxed) < 3 {
            sleep(Duration::from_millis(10)).await;
        }
        sleep(Duration::from_millis(100)).await; // one too many would be seen
    };
    select! {
        _ = results.next() => panic!("the first call has not ended"),
        () = three_are_made => {}
    }
    assert_eq!(made.load(Relaxed), 3);
    go.send(()).unwrap();
    for number in 0..10 {
        let (item, result) = results.next().await.unwrap();
        assert_eq!(item, number);
        assert_eq!(result.unwrap(), number);
    }
}

#[tokio::test]
async fn a_call_that_panics_fails_alone() {
    let call = |number| match number {
        3 => panic!("no number {number}"),
        _ => Ok(number),
    };
    let mut results = pin!(calls(0..10, call).buffered(4));
    for number in 0..10 {
        let (item, result) = results.next().await.unwrap();
        assert_eq!(item, number);
        match result {
            Ok(_) => assert_ne!(number, 3),
            Err(error) => assert!(error.to_string().contains("no number 3"), "{error}"),
        }
    }
}

#[test]
fn after_the_stream_is_dropped_no_call_is_made() {
    // With one thread in the pool, all calls but the first wait for it.
    let runtime = runtime::Builder::new_current_thread()
        .max_blocking_threads(1)
        .build()
        .unwrap();
    let (begun, began) = mpsc::channel();
    let (go, gate) = mpsc::channel();
    let gate = Mutex::new(gate);
    let call = move |number| {
        begun.send(number)?;
        gate.lock().unwrap().recv()?;
        Ok(())
    };
    runtime.block_on(async {
        let mut results = Box::pin(calls(0.., call).buffer_unordered(3));
        assert!(futures::poll!(results.next()).is_pending());
        assert_eq!(began.recv().unwrap(), 0);
        drop(results);
        yield_now().await;
    });
    drop(go);
    drop(runtime); // waits for the calls
    assert_eq!(began.try_iter().count(), 0, "after the first one");
}
