use std::io::ErrorKind;
use std::sync::Arc;
use std::time::Duration;

use futures::poll;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufStream, DuplexStream, duplex};
use tokio::task;
use tokio::time::timeout;

#[path = "../../src/bin/async_lock.rs"]
#[allow(dead_code)]
mod program;
use program::Connection;

const LONG: Duration = Duration::from_secs(10);

/// A connection, and its other side.
fn connected() -> (Arc<Connection<DuplexStream>>, BufStream<DuplexStream>) {
    let (client, server) = duplex(64);
    (Arc::new(Connection::new(client)), BufStream::new(server))
}

/// The next line that the other side gets.
async fn read_line(server: &mut BufStream<DuplexStream>) -> String {
    let mut line = String::new();
    let read = timeout(LONG, server.read_line(&mut line)).await;
    read.expect("a line comes").unwrap();
    line
}

async fn write(server: &mut BufStream<DuplexStream>, text: &str) {
    server.write_all(text.as_bytes()).await.unwrap();
    server.flush().await.unwrap();
}

#[tokio::test]
async fn a_second_question_is_sent_when_the_first_is_answered() {
    let (connection, mut server) = connected();
    let shared = connection.clone();
    let first = task::spawn(async move { shared.ask("first").await });
    assert_eq!(read_line(&mut server).await, "first\n");
    let shared = connection.clone();
    let second = task::spawn(async move { shared.ask("second").await });
    task::yield_now().await; // the second task waits for the lock

    let mut early = String::new();
    assert!(poll!(Box::pin(server.read_line(&mut early))).is_pending());
    assert_eq!(early, "");
    write(&mut server, "one\n").await;
    assert_eq!(first.await.unwrap().unwrap(), "one");
    assert_eq!(read_line(&mut server).await, "second\n");
    write(&mut server, "two\n").await;
    assert_eq!(second.await.unwrap().unwrap(), "two");
}

#[tokio::test]
async fn after_a_canceled_question_nobody_gets_its_answer() {
    let (connection, mut server) = connected();
    let mut question = Box::pin(connection.ask("canceled"));
    assert!(poll!(&mut question).is_pending());
    drop(question);
    assert_eq!(read_line(&mut server).await, "canceled\n");
    // An error: the connection is closed already.
    let _ = server.write_all(b"too late\n").await;
    let _ = server.flush().await;

    let next = connection.ask("next").await;
    assert_eq!(next.unwrap_err().kind(), ErrorKind::NotConnected);
}

#[tokio::test]
async fn canceling_one_that_waits_for_the_lock_harms_nobody() {
    let (connection, mut server) = connected();
    let mut first = Box::pin(connection.ask("first"));
    assert!(poll!(&mut first).is_pending());
    let mut waiting = Box::pin(connection.ask("waiting"));
    assert!(poll!(&mut waiting).is_pending());
    drop(waiting);
    write(&mut server, "one\ntwo\n").await;
    assert_eq!(first.await.unwrap(), "one");
    assert_eq!(connection.ask("second").await.unwrap(), "two");
}

#[tokio::test]
async fn the_end_of_the_stream_is_an_error_and_not_half_an_answer() {
    let (connection, mut server) = connected();
    let mut question = Box::pin(connection.ask("question"));
    assert!(poll!(&mut question).is_pending());
    write(&mut server, "half an ans").await;
    drop(server);
    let answer = question.await;
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::UnexpectedEof);
    let next = connection.ask("next").await;
    assert_eq!(next.unwrap_err().kind(), ErrorKind::NotConnected);
}
