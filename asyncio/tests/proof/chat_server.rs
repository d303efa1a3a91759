use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{self, Sender};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

#[path = "../../src/bin/chat_server.rs"]
#[allow(dead_code)]
mod program;
use program::{MAX_LINE, chat};

type Client = Framed<TcpStream, LinesCodec>;
type ChatTask = JoinHandle<Result<(), LinesCodecError>>;

async fn connect(room: &Sender<String>) -> (Client, ChatTask) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let client = TcpStream::connect(address).await.unwrap();
    let (stream, _) = listener.accept().await.unwrap();
    let task = tokio::spawn(chat(stream, room.clone()));
    (Framed::new(client, LinesCodec::new()), task)
}

async fn join(room: &Sender<String>, name: &str) -> (Client, ChatTask) {
    let (mut client, task) = connect(room).await;
    client.send(name).await.unwrap();
    assert_eq!(next(&mut client).await, format!("* {name} joined"));
    (client, task)
}

async fn next(client: &mut Client) -> String {
    let line = timeout(Duration::from_secs(10), client.next()).await;
    line.expect("no line").expect("hung up").unwrap()
}

#[tokio::test]
async fn a_slow_client_is_told_how_many_lines_it_missed_and_stays() {
    let (room, _) = broadcast::channel(16);
    let (mut client, _task) = join(&room, "Ada").await;
    // Without an await: the only thread does not run the task of the client meanwhile.
    for number in 0..100 {
        room.send(format!("line {number}")).unwrap();
    }
    assert_eq!(next(&mut client).await, "* you missed 84 lines");
    for number in 84..100 {
        assert_eq!(next(&mut client).await, format!("line {number}"));
    }
    client.send("hello").await.unwrap();
    assert_eq!(next(&mut client).await, "Ada: hello");
}

#[tokio::test]
async fn who_sends_many_lines_at_once_gets_all_of_them_back() {
    let (room, _) = broadcast::channel(16);
    let (client, _task) = join(&room, "Ada").await;
    let (mut sink, mut stream) = client.split();
    let send = async {
        for number in 0..10_000 {
            sink.feed(number.to_string()).await.unwrap();
        }
        sink.flush().await.unwrap();
    };
    let receive = async {
        for number in 0..10_000 {
            let line = stream.next().await.unwrap().unwrap();
            assert_eq!(line, format!("Ada: {number}"));
        }
    };
    tokio::join!(send, receive);
}

#[tokio::test]
async fn a_line_that_comes_in_pieces_is_not_lost_when_others_talk_meanwhile() {
    let (room, _) = broadcast::channel(16);
    let (mut client, _task) = join(&room, "Ada").await;
    for piece in ["hel", "lo, ", "all\n"] {
        client.get_mut().write_all(piece.as_bytes()).await.unwrap();
        room.send("* meanwhile".to_owned()).unwrap();
        assert_eq!(next(&mut client).await, "* meanwhile");
    }
    assert_eq!(next(&mut client).await, "Ada: hello, all");
}

#[tokio::test]
async fn a_line_longer_than_the_limit_ends_the_connection_and_the_others_are_told() {
    let (room, _) = broadcast::channel(16);
    let (mut bob, _task) = join(&room, "Bob").await;
    let (mut ada, task) = join(&room, "Ada").await;
    assert_eq!(next(&mut bob).await, "* Ada joined");

    let longest = "x".repeat(MAX_LINE);
    ada.send(&longest).await.unwrap();
    assert_eq!(next(&mut bob).await, format!("Ada: {longest}"));
    let no_end = "x".repeat(MAX_LINE + 1);
    let stream = ada.get_mut();
    stream.write_all(no_end.as_bytes()).await.unwrap();
    assert_eq!(next(&mut bob).await, "* Ada left");
    let error = task.await.unwrap().unwrap_err();
    assert!(matches!(error, LinesCodecError::MaxLineLengthExceeded));
}

#[tokio::test]
async fn a_client_that_hangs_up_has_left() {
    let (room, _) = broadcast::channel(16);
    let (mut bob, _task) = join(&room, "Bob").await;
    let (ada, task) = join(&room, "Ada").await;
    drop(ada);
    assert_eq!(next(&mut bob).await, "* Ada joined");
    assert_eq!(next(&mut bob).await, "* Ada left");
    task.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_client_without_a_name_is_not_announced() {
    let (room, mut messages) = broadcast::channel(16);
    let (client, task) = connect(&room).await;
    drop(client);
    task.await.unwrap().unwrap();

    let (mut client, task) = connect(&room).await;
    client.get_mut().write_all(b"\xff\n").await.unwrap();
    task.await.unwrap().unwrap_err();
    assert_eq!(client.get_mut().read(&mut [0]).await.unwrap(), 0);
    messages.try_recv().unwrap_err();
}
