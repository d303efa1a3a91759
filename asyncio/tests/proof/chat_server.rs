use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::broadcast::{self, Sender};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

#[path = "../../src/bin/chat_server.rs"]
#[allow(dead_code)]
mod program;
use program::{MAX_LINE, chat};

const LIMIT: Duration = Duration::from_secs(10);

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
    assert_eq!(next(&mut client).await, format!("* welcome, {name}"));
    (client, task)
}

async fn next(client: &mut Client) -> String {
    let line = timeout(LIMIT, client.next()).await;
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
async fn a_line_longer_than_the_limit_ends_the_connection() {
    let (room, _) = broadcast::channel(16);
    let (mut client, task) = join(&room, "Ada").await;
    let longest = "x".repeat(MAX_LINE);
    client.send(&longest).await.unwrap();
    assert_eq!(next(&mut client).await, format!("Ada: {longest}"));

    let no_end = "x".repeat(MAX_LINE + 1);
    let stream = client.get_mut();
    stream.write_all(no_end.as_bytes()).await.unwrap();
    let result = timeout(LIMIT, task).await.expect("it waits for the end");
    let error = result.unwrap().unwrap_err();
    assert!(matches!(error, LinesCodecError::MaxLineLengthExceeded));
}

#[tokio::test]
async fn a_client_that_hangs_up_ends_its_own_task_only() {
    let (room, _) = broadcast::channel(16);
    let (mut bob, _task) = join(&room, "Bob").await;
    let (ada, task) = join(&room, "Ada").await;
    drop(ada);
    task.await.unwrap().unwrap();
    let (nameless, task) = connect(&room).await;
    drop(nameless);
    task.await.unwrap().unwrap();
    bob.send("hello").await.unwrap();
    assert_eq!(next(&mut bob).await, "Bob: hello");
}
