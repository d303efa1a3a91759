//! The cheat sheet of README.md compiles and runs: the page shows the lines of this file.

use std::sync::Arc;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::{Notify, Semaphore, broadcast, mpsc, oneshot, watch};
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use tokio_util::sync::CancellationToken;

const SECOND: Duration = Duration::from_secs(1);

async fn fetch(n: u32) -> u32 {
    sleep(SECOND).await;
    n
}

fn hash(n: u32) -> u32 {
    n * 31
}

// The clock is paused: it jumps when every task waits.
#[tokio::test(start_paused = true)]
async fn tasks_and_time() {
    // begin: tasks and time
    let page = fetch(1).await; // runs here, and waits for it
    let (a, b) = tokio::join!(fetch(1), fetch(2)); // both at once, on this task
    let pages = futures::future::join_all([1, 2, 3].map(fetch)).await; // a list, in order
    let pages_of_8 = stream::iter(0..100).map(fetch).buffer_unordered(8); // at most 8 at a time
    let task = tokio::spawn(fetch(1)); // a task: runs by itself from here on
    let result = task.await; // Err: it panicked or was canceled
    let first = tokio::select! { page = fetch(1) => page, page = fetch(2) => page };
    let in_time = timeout(SECOND / 2, fetch(1)).await; // Err(Elapsed): fetch is dropped

    let mut group = JoinSet::new(); // owns its tasks; dropping it cancels them
    group.spawn(fetch(1));
    while let Some(ended) = group.join_next().await {
        ended.unwrap();
    }

    let canceled = tokio::spawn(fetch(1));
    canceled.abort(); // at its next await
    let stop = CancellationToken::new(); // asks to stop: stop.cancel(), stop.cancelled().await
    let mut ticks = interval(SECOND); // every second; the first tick comes at once
    ticks.tick().await;
    let hashed = tokio::task::spawn_blocking(|| hash(1)).await; // code that blocks
    // end
    assert_eq!((page, a, b, pages.len()), (1, 1, 2, 3));
    assert_eq!(pages_of_8.count().await, 100);
    assert_eq!(result.unwrap(), 1);
    assert!(first < 3 && in_time.is_err());
    assert!(canceled.await.unwrap_err().is_cancelled());
    assert!(!stop.is_cancelled());
    assert_eq!(hashed.unwrap(), 31);
}

#[tokio::test]
async fn channels_and_locks() -> std::io::Result<()> {
    // begin: channels and locks
    let (send, mut receive) = mpsc::channel(16); // a queue: send.send(x).await, receive.recv().await
    let (answer, answered) = oneshot::channel(); // one value: answer.send(x), answered.await
    let (set, mut changed) = watch::channel(0); // the latest value: set.send(x), changed.changed().await
    let (tell, mut heard) = broadcast::channel(16); // every value to everyone: tell.send(x), heard.recv().await
    let shared = Arc::new(std::sync::Mutex::new(0)); // a lock that no await needs: the usual one
    let held = Arc::new(tokio::sync::Mutex::new(0)); // a lock to hold across an await
    let limit = Semaphore::new(8); // let _permit = limit.acquire().await?
    let wake = Notify::new(); // wake.notify_one(), wake.notified().await
    // end
    send.send(1).await.unwrap();
    assert_eq!(receive.recv().await, Some(1));
    answer.send(2).unwrap();
    assert_eq!(answered.await, Ok(2));
    set.send(3).unwrap();
    changed.changed().await.unwrap();
    tell.send(4).unwrap();
    assert_eq!(heard.recv().await, Ok(4));
    *shared.lock().unwrap() += 1;
    *held.lock().await += 1;
    drop(limit.acquire().await.unwrap());
    wake.notify_one();
    wake.notified().await;

    // begin: network and processes
    let listener = TcpListener::bind("127.0.0.1:0").await?; // a server
    let client = TcpStream::connect(listener.local_addr()?).await?; // a client
    let (mut server, _address) = listener.accept().await?; // a task for each: tokio::spawn
    server.write_all(b"hello\n").await?;
    let mut lines = BufReader::new(client).lines();
    let line = lines.next_line().await?; // None: the other side has closed
    let output = Command::new("echo").arg("hello").output().await?; // a child process
    // end
    assert_eq!(line.as_deref(), Some("hello"));
    assert_eq!(output.stdout, b"hello\n");
    Ok(())
}

/// The lines between `// begin: PART` and `// end`, without their indentation.
fn part(source: &str, name: &str) -> String {
    let begin = format!("    // begin: {name}\n");
    let (_, rest) = source.split_once(&begin).expect(name);
    let (lines, _) = rest.split_once("    // end\n").expect(name);
    let lines = lines.lines();
    let lines = lines.map(|line| line.strip_prefix("    ").unwrap_or(line));
    lines.collect::<Vec<_>>().join("\n")
}

#[test]
fn the_page_shows_these_lines() {
    let source = include_str!("cheat_sheet.rs");
    let readme = include_str!("../README.md");
    for name in [
        "tasks and time",
        "channels and locks",
        "network and processes",
    ] {
        let shown = format!("```rust\n{}\n```", part(source, name));
        assert!(readme.contains(&shown), "README.md does not show:\n{shown}");
    }
}
