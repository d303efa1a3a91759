use std::collections::BTreeMap;
use std::future::pending;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread::{self, available_parallelism};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use bytes::Bytes;
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep, timeout};

#[path = "../../src/bin/io_cpu_pipeline.rs"]
#[allow(dead_code)]
mod program;
use program::{client, fetch, pipeline};

const PATIENCE: Duration = Duration::from_secs(10);

/// A writer that keeps everything.
fn collect<R>(mut queue: mpsc::Receiver<(u32, Result<R>)>) -> Result<BTreeMap<u32, Result<R>>> {
    let mut results = BTreeMap::new();
    while let Some((item, result)) = queue.blocking_recv() {
        let before = results.insert(item, result);
        assert!(before.is_none(), "{item} came twice");
    }
    Ok(results)
}

#[tokio::test]
async fn every_item_is_written_once() {
    let fetch = async |number| Ok(number);
    let results = pipeline(0..1000, 8, fetch, |n| Ok(n * 2), collect).await;
    let results = results.unwrap();
    assert_eq!(results.len(), 1000);
    for (item, result) in results {
        assert_eq!(result.unwrap(), item * 2);
    }
    let none = pipeline([], 8, async |n: u32| Ok(n), Ok, collect).await;
    assert!(none.unwrap().is_empty());
}

#[tokio::test]
async fn an_item_that_fails_or_panics_fails_alone() {
    let fetch = async |number| match number {
        1 => bail!("no page 1"),
        2 => panic!("fetching 2"),
        _ => Ok(number),
    };
    let crunch = |number| match number {
        3 => bail!("no picture 3"),
        4 => panic!("crunching 4"),
        _ => Ok(number),
    };
    let results = pipeline(0..10, 4, fetch, crunch, collect).await.unwrap();
    assert_eq!(results.len(), 10);
    let expected = ["", "no page 1", "fetching 2", "no picture 3", "crunching 4"];
    for (item, result) in results {
        match result {
            Ok(number) => assert!(number == 0 || number > 4),
            Err(error) => {
                let expected = expected[item as usize];
                assert!(error.to_string().contains(expected), "{error}");
            }
        }
    }
}

#[tokio::test]
async fn a_writer_that_ends_is_noticed_while_all_fetches_hang() {
    let alive = Arc::new(());
    let held = alive.clone();
    let fetch = move |_: u32| {
        let held = held.clone();
        async move {
            pending::<()>().await;
            drop(held);
            Ok(())
        }
    };
    let write = |_| -> Result<()> { bail!("the disk is full") };
    let ended = timeout(PATIENCE, pipeline(0..100, 8, fetch, Ok, write));
    let error = ended.await.expect("it was noticed").unwrap_err();
    assert_eq!(error.to_string(), "the disk is full");

    let stopped = async {
        while Arc::strong_count(&alive) > 1 {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(PATIENCE, stopped).await.expect("the fetches stop");
}

#[tokio::test]
async fn a_slow_writer_stops_the_fetches() {
    let begun = Arc::new(AtomicUsize::new(0));
    let counter = begun.clone();
    let fetch = move |_: u32| {
        counter.fetch_add(1, Relaxed);
        async { Ok(()) }
    };
    let limit = 8;
    let cores = available_parallelism().unwrap().get();
    // In the fetches, the crunches, the queue, on the way there, and in the hands of the writer.
    let bound = limit + cores + 16 + 1 + 1;
    let write = move |mut queue: mpsc::Receiver<(u32, Result<()>)>| {
        let mut written = 0;
        while queue.blocking_recv().is_some() {
            let start = Instant::now();
            while written == 0 && start.elapsed() < Duration::from_millis(500) {
                thread::sleep(Duration::from_millis(10)); // the fetches run ahead, if they can
            }
            let ahead = begun.load(Relaxed) - written;
            assert!(ahead <= bound, "{ahead} items at once, not {bound}");
            written += 1;
        }
        Ok(written)
    };
    assert_eq!(
        pipeline(0..500, limit, fetch, Ok, write).await.unwrap(),
        500
    );
}

// On one thread: computing there would stop the tasks.
#[tokio::test]
async fn crunching_holds_up_no_task() {
    let (ask, mut asked) = mpsc::channel::<oneshot::Sender<u32>>(1);
    tokio::spawn(async move {
        while let Some(answer) = asked.recv().await {
            answer.send(7).unwrap();
        }
    });
    let crunch = move |()| {
        let (answer, answered) = oneshot::channel();
        ask.blocking_send(answer)?;
        Ok(answered.blocking_recv()?)
    };
    let fetch = async |_| Ok(());
    let results = timeout(PATIENCE, pipeline(0..20, 4, fetch, crunch, collect));
    let results = results.await.expect("the tasks go on").unwrap();
    assert!(results.into_values().all(|result| result.unwrap() == 7));
}

#[tokio::test]
async fn dropped_half_way_the_writer_gets_what_is_in_its_queue() {
    let (open_gate, gate) = std::sync::mpsc::channel::<()>();
    let (report_full, full) = oneshot::channel();
    let (report, written) = oneshot::channel();
    let fetch = async |number| match number {
        0..3 => Ok(number),
        _ => pending().await,
    };
    let write = move |mut queue: mpsc::Receiver<(u32, Result<u32>)>| {
        while queue.len() < 3 {
            thread::sleep(Duration::from_millis(10));
        }
        report_full.send(()).unwrap();
        let _ = gate.recv(); // an error: the gate is open
        let mut numbers = Vec::new();
        while let Some((number, _)) = queue.blocking_recv() {
            numbers.push(number);
        }
        numbers.sort();
        report.send(numbers).unwrap();
        Ok(())
    };
    let running = tokio::spawn(pipeline(0..100, 8, fetch, Ok, write));
    timeout(PATIENCE, full).await.expect("it is full").unwrap();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    drop(open_gate);
    let written = timeout(PATIENCE, written).await.expect("the writer ends");
    assert_eq!(written.unwrap(), [0, 1, 2]);
}

async fn read_request(connection: &mut TcpStream) -> io::Result<()> {
    let mut request = Vec::new();
    while !request.ends_with(b"\r\n\r\n") {
        request.push(connection.read_u8().await?);
    }
    Ok(())
}

/// Serves the answers, one connection for each. After an answer the server reads one more request
/// from that connection, and closes it.
async fn serve(answers: &'static [&str]) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers {
            let (mut connection, _) = listener.accept().await?;
            read_request(&mut connection).await?;
            connection.write_all(answer.as_bytes()).await?;
            tokio::spawn(async move { read_request(&mut connection).await });
        }
        io::Result::Ok(())
    });
    url.parse().unwrap()
}

#[tokio::test]
async fn a_request_on_a_connection_that_the_server_closes_is_sent_again() {
    let page = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npage";
    let url = serve(Box::leak(Box::new([page; 5]))).await;
    let client = client(PATIENCE).no_proxy().build().unwrap();
    for _ in 0..5 {
        let body = fetch(client.clone(), url.clone()).await.unwrap();
        assert_eq!(body, Bytes::from("page"));
    }
}

#[tokio::test]
async fn only_2xx_is_a_page() {
    const ANSWERS: [&str; 4] = [
        "HTTP/1.1 302 Found\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhere",
        "HTTP/1.1 304 Not Modified\r\nconnection: close\r\n\r\n",
        "HTTP/1.1 300 Multiple Choices\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhere",
        "HTTP/1.1 999 Denied\r\ncontent-length: 4\r\nconnection: close\r\n\r\nhere",
    ];
    let url = serve(&ANSWERS).await;
    let client = client(PATIENCE).no_proxy().build().unwrap();
    for answer in ANSWERS {
        let error = fetch(client.clone(), url.clone()).await.unwrap_err();
        let status = &answer["HTTP/1.1 ".len()..][..3];
        assert!(error.to_string().contains(status), "{error}");
    }
}
