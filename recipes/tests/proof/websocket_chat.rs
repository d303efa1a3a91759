use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use futures::{SinkExt, StreamExt};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::select;
use tokio::sync::oneshot;
use tokio::time::{pause, timeout};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::{WebSocketStream, client_async};

#[path = "../../src/bin/websocket_chat.rs"]
#[allow(dead_code)]
mod program;
use program::{MAX_LINE, Room};

const PATIENCE: Duration = Duration::from_secs(30);

type Client = WebSocketStream<TcpStream>;

async fn serve(room: &Room) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let server = axum::serve(listener, room.routes());
    tokio::spawn(server.into_future());
    address
}

async fn connect(address: SocketAddr) -> Client {
    let stream = TcpStream::connect(address).await.unwrap();
    let url = format!("ws://{address}/chat");
    let (client, _response) = client_async(url, stream).await.unwrap();
    client
}

async fn next(client: &mut Client) -> Message {
    let message = timeout(PATIENCE, client.next()).await;
    message.expect("a message").unwrap().unwrap()
}

/// Reads to the end, and returns the code and reason of the close frame.
async fn closed_with(client: &mut Client) -> (CloseCode, String) {
    let mut frame = None;
    while let Some(message) = timeout(PATIENCE, client.next()).await.unwrap() {
        if let Message::Close(close) = message.unwrap() {
            frame = close;
        }
    }
    let frame = frame.expect("a close frame");
    (frame.code, frame.reason.to_string())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_that_does_not_read_holds_up_nobody_and_is_told() {
    let room = Room::new(16);
    let address = serve(&room).await;
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4096).unwrap();
    let stream = socket.connect(address).await.unwrap();
    let url = format!("ws://{address}/chat");
    let (mut slow, _response) = client_async(url, stream).await.unwrap();
    let mut talker = connect(address).await;
    let mut listener = connect(address).await;

    // More than all buffers between the server and the slow client hold.
    for n in 0..20_000 {
        let line = format!("{n:0>width$}", width = MAX_LINE);
        talker.send(line.as_str().into()).await.unwrap();
        assert_eq!(next(&mut talker).await.to_text().unwrap(), line);
        assert_eq!(next(&mut listener).await.to_text().unwrap(), line);
    }
    let reason = "too slow".to_owned();
    assert_eq!(closed_with(&mut slow).await, (CloseCode::Policy, reason));
}

#[tokio::test]
async fn whoever_is_connected_misses_no_line() {
    let room = Room::new(16);
    let address = serve(&room).await;
    for _ in 0..100 {
        let mut talker = connect(address).await;
        let mut listener = connect(address).await;
        talker.send("hello".into()).await.unwrap();
        assert_eq!(next(&mut listener).await.to_text().unwrap(), "hello");
    }
}

#[tokio::test]
async fn bytes_and_lines_that_are_too_long_end_the_conversation_of_their_sender() {
    let room = Room::new(16);
    let address = serve(&room).await;
    let mut listener = connect(address).await;
    let reason = "only short lines of text".to_owned();
    for message in [
        Message::binary(vec![1, 2, 3]),
        Message::text("x".repeat(MAX_LINE + 1)),
    ] {
        let mut client = connect(address).await;
        client.send(message).await.unwrap();
        let closed = closed_with(&mut client).await;
        assert_eq!(closed, (CloseCode::Unsupported, reason.clone()));
    }
    let mut client = connect(address).await;
    let longest = "x".repeat(MAX_LINE);
    client.send(longest.as_str().into()).await.unwrap();
    assert_eq!(next(&mut listener).await.to_text().unwrap(), longest);
}

#[tokio::test]
async fn a_client_that_closes_gets_an_answer() {
    let room = Room::new(16);
    let address = serve(&room).await;
    let mut client = connect(address).await;
    client.close(None).await.unwrap();
    while let Some(message) = timeout(PATIENCE, client.next()).await.unwrap() {
        message.unwrap(); // a connection that just breaks is an error
    }
    timeout(PATIENCE, room.close()).await.unwrap();
}

/// A client that asks for a websocket, and from then on answers nothing at all.
async fn connect_mute(address: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(address).await.unwrap();
    let request = "GET /chat HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
        Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    client.write_all(request.as_bytes()).await.unwrap();
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") {
        head.push(client.read_u8().await.unwrap());
    }
    assert!(head.starts_with(b"HTTP/1.1 101 "));
    client
}

#[tokio::test]
async fn a_client_that_answers_no_ping_is_dropped() {
    let room = Room::new(16);
    let address = serve(&room).await;
    let mut client = connect_mute(address).await;
    pause(); // the clock jumps to the next deadline whenever every task waits
    let mut received = Vec::new();
    select! {
        read = client.read_to_end(&mut received) => read.unwrap(),
        () = real_time(PATIENCE) => panic!("it is not dropped"),
    };
    assert_eq!(received[..2], [0x89, 0], "a ping");
    assert_eq!(received[2], 0x88, "a close frame");
    assert!(received.ends_with(b"no answer to a ping"));
}

#[tokio::test]
async fn close_tells_all_clients_and_waits_until_they_have_gone() {
    let room = Room::new(16);
    let address = serve(&room).await;
    let mut clients = Vec::new();
    for _ in 0..3 {
        clients.push(connect(address).await);
    }
    let closing = tokio::spawn({
        let room = room.clone();
        async move { room.close().await }
    });
    let reason = "the room closes".to_owned();
    for client in &mut clients {
        assert!(!closing.is_finished(), "it waits for this client");
        let closed = closed_with(client).await;
        assert_eq!(closed, (CloseCode::Away, reason.clone()));
    }
    timeout(PATIENCE, closing).await.unwrap().unwrap();
}

#[tokio::test]
async fn close_does_not_wait_forever_for_a_client_that_is_mute() {
    let room = Room::new(16);
    let address = serve(&room).await;
    let _client = connect_mute(address).await;
    pause();
    select! {
        () = room.close() => {}
        () = real_time(PATIENCE) => panic!("close waits forever"),
    }
}

/// Waits for real time: tokio's clock may be paused.
async fn real_time(duration: Duration) {
    let (over, is_over) = oneshot::channel();
    thread::spawn(move || {
        thread::sleep(duration);
        let _ = over.send(());
    });
    is_over.await.unwrap();
}
