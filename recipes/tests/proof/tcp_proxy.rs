use std::io::ErrorKind;
use std::net::SocketAddr;
use std::thread;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{mpsc, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{advance, pause, resume, timeout};

#[path = "../../src/bin/tcp_proxy.rs"]
#[allow(dead_code)]
mod program;
use program::proxy;

const PATIENCE: Duration = Duration::from_secs(20);
const HOUR: Duration = Duration::from_secs(3600);

/// A proxy, and the listener of the server behind it.
struct Fixture {
    address: SocketAddr,
    server: TcpListener,
    errors: mpsc::Receiver<String>,
    proxy: JoinHandle<()>,
}

impl Fixture {
    async fn new(limit: usize, idle: Duration) -> Self {
        let server = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let to = server.local_addr().unwrap().to_string();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (failed, errors) = mpsc::channel(100);
        let failed = move |error| failed.try_send(format!("{error:#}")).unwrap();
        let proxy = tokio::spawn(proxy(listener, to, limit, idle, failed));
        Self {
            address,
            server,
            errors,
            proxy,
        }
    }

    /// Connects through the proxy, and returns both ends.
    async fn connect(&self) -> (TcpStream, TcpStream) {
        let client = TcpStream::connect(self.address).await.unwrap();
        let accepted = timeout(PATIENCE, self.server.accept()).await.unwrap();
        let (server, _address) = accepted.unwrap();
        (client, server)
    }

    async fn next_error(&mut self) -> String {
        let error = timeout(PATIENCE, self.errors.recv()).await;
        error.expect("an error is reported").unwrap()
    }
}

/// Waits until a connection ends, and tells whether it was reset.
async fn is_reset(stream: &mut TcpStream) -> bool {
    let mut bytes = Vec::new();
    let read = timeout(PATIENCE, stream.read_to_end(&mut bytes)).await;
    match read.expect("the connection ends") {
        Ok(_) => false,
        Err(error) => error.kind() == ErrorKind::ConnectionReset,
    }
}

async fn exchange(from: &mut TcpStream, to: &mut TcpStream) {
    from.write_u8(7).await.unwrap();
    let received = timeout(PATIENCE, to.read_u8()).await.unwrap();
    assert_eq!(received.unwrap(), 7);
}

#[tokio::test(flavor = "multi_thread")]
async fn each_direction_ends_by_itself_and_no_byte_is_lost() {
    let fixture = Fixture::new(8, HOUR).await;
    let (mut client, mut server) = fixture.connect().await;
    let question = vec![1; 3_000_000];
    let answer = vec![2; 5_000_000];

    let sent = question.clone();
    let asking = tokio::spawn(async move {
        client.write_all(&sent).await.unwrap();
        client.shutdown().await.unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).await.unwrap();
        received
    });
    // The server answers only after the end.
    let mut received = Vec::new();
    server.read_to_end(&mut received).await.unwrap();
    assert!(received == question);
    server.write_all(&answer).await.unwrap();
    drop(server); // what is on its way must arrive all the same
    assert!(asking.await.unwrap() == answer);
}

#[tokio::test]
async fn a_server_may_end_first() {
    let fixture = Fixture::new(8, HOUR).await;
    let (mut client, mut server) = fixture.connect().await;
    server.shutdown().await.unwrap();
    assert_eq!(client.read(&mut [0]).await.unwrap(), 0);
    exchange(&mut client, &mut server).await;
}

#[tokio::test]
async fn a_reset_is_passed_on_as_a_reset_both_ways() {
    let mut fixture = Fixture::new(8, HOUR).await;
    let (mut client, mut server) = fixture.connect().await;
    exchange(&mut server, &mut client).await;
    server.set_zero_linger().unwrap();
    drop(server);
    assert!(is_reset(&mut client).await);
    assert!(fixture.next_error().await.contains("reset"));

    let (mut client, mut server) = fixture.connect().await;
    exchange(&mut client, &mut server).await;
    client.set_zero_linger().unwrap();
    drop(client);
    assert!(is_reset(&mut server).await);

    // Also after the client has sent its end.
    let (mut client, mut server) = fixture.connect().await;
    client.shutdown().await.unwrap();
    exchange(&mut server, &mut client).await;
    server.set_zero_linger().unwrap();
    drop(server);
    assert!(is_reset(&mut client).await);
}

#[tokio::test]
async fn a_client_is_reset_when_nobody_listens_behind_the_proxy() {
    let mut fixture = Fixture::new(8, HOUR).await;
    let nobody = TcpListener::bind("127.0.0.1:0").await.unwrap();
    drop(std::mem::replace(&mut fixture.server, nobody));
    let mut client = TcpStream::connect(fixture.address).await.unwrap();
    assert!(is_reset(&mut client).await);
    let error = fixture.next_error().await;
    let address = client.local_addr().unwrap();
    assert!(error.starts_with(&format!("{address}: ")), "{error}");
    assert!(error.contains("refused"), "{error}");
}

#[tokio::test]
async fn a_peer_that_has_vanished_gives_its_place_back() {
    let mut fixture = Fixture::new(1, Duration::from_millis(300)).await;
    let (mut silent, _server) = fixture.connect().await;
    assert!(is_reset(&mut silent).await);
    assert!(fixture.next_error().await.contains("no bytes for 300ms"));

    let (mut client, mut server) = fixture.connect().await;
    exchange(&mut client, &mut server).await;
}

#[tokio::test]
async fn a_connection_with_bytes_in_one_direction_is_not_idle() {
    let fixture = Fixture::new(8, HOUR).await;
    let (mut client, mut server) = fixture.connect().await;
    for _ in 0..4 {
        exchange(&mut server, &mut client).await;
        pause();
        advance(HOUR * 3 / 4).await;
        resume();
    }
    exchange(&mut client, &mut server).await;
    pause(); // now the clock jumps to the next deadline
    select! {
        read = client.read_u8() => {
            let error = read.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::ConnectionReset);
        }
        () = real_time(PATIENCE) => panic!("the connection is not reset"),
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

#[tokio::test(flavor = "multi_thread")]
async fn no_more_than_the_limit_are_connected_at_once() {
    let fixture = Fixture::new(2, HOUR).await;
    let (_first, first_server) = fixture.connect().await;
    let (_second, _second_server) = fixture.connect().await;
    let mut third = TcpStream::connect(fixture.address).await.unwrap();
    third.write_u8(3).await.unwrap();
    let accepted = timeout(Duration::from_millis(300), fixture.server.accept()).await;
    assert!(accepted.is_err(), "it has to wait");

    first_server.set_zero_linger().unwrap();
    drop(first_server);
    let accepted = timeout(PATIENCE, fixture.server.accept()).await;
    let (mut server, _address) = accepted.unwrap().unwrap();
    assert_eq!(server.read_u8().await.unwrap(), 3);
}

#[tokio::test]
async fn dropping_the_proxy_resets_all_connections() {
    let fixture = Fixture::new(8, HOUR).await;
    let (mut client, mut server) = fixture.connect().await;
    exchange(&mut server, &mut client).await;
    fixture.proxy.abort();
    assert!(is_reset(&mut client).await);
    assert!(is_reset(&mut server).await);
}
