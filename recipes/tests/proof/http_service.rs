use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use axum::Router;
use axum::routing::{get, post};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{Notify, oneshot};
use tokio::task::JoinHandle;
use tokio::time::{Instant, pause, resume};
use tokio_util::sync::CancellationToken;

#[path = "../../src/bin/http_service.rs"]
#[allow(dead_code)]
mod program;
use program::{HEAD_TIMEOUT, MAX_BODY, REQUEST_TIMEOUT, serve};

/// A server with a slow page, which waits for `gate`.
struct Server {
    address: SocketAddr,
    stop: CancellationToken,
    /// Notified when the slow page is asked for.
    asked: Arc<Notify>,
    gate: Arc<Notify>,
    cut_off: JoinHandle<usize>,
}

impl Server {
    async fn start(grace: Duration) -> Self {
        let asked = Arc::new(Notify::new());
        let gate = Arc::new(Notify::new());
        let slow_asked = asked.clone();
        let slow_gate = gate.clone();
        let slow = async move || {
            slow_asked.notify_one();
            slow_gate.notified().await;
            "at last"
        };
        let routes = Router::new()
            .route("/", get(async || "hello"))
            .route("/length", post(async |body: String| body.len().to_string()))
            .route("/never", get(async || pending::<String>().await))
            .route("/slow", get(slow));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let cut_off = tokio::spawn(serve(listener, routes, stop.clone(), grace));
        Self {
            address,
            stop,
            asked,
            gate,
            cut_off,
        }
    }

    async fn send(&self, text: &str) -> TcpStream {
        let mut client = TcpStream::connect(self.address).await.unwrap();
        client.write_all(text.as_bytes()).await.unwrap();
        client
    }
}

const MINUTE: Duration = Duration::from_secs(60);

/// Reads what comes until the server closes the connection.
async fn read_to_end(client: &mut TcpStream) -> io::Result<String> {
    let mut text = String::new();
    select! {
        read = client.read_to_string(&mut text) => read.map(|_| text),
        () = real_time(Duration::from_secs(20)) => panic!("the connection is not closed"),
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

/// Waits with a clock that jumps to the next deadline whenever every task waits.
async fn read_with_paused_clock(client: &mut TcpStream) -> (String, Duration) {
    pause();
    let start = Instant::now();
    let text = read_to_end(client).await.unwrap();
    (text, start.elapsed())
}

#[tokio::test]
async fn a_client_that_does_not_finish_its_head_loses_its_connection() {
    for sent in ["", "GET", "GET / HTTP/1.1\r\nHost: x\r\nX: "] {
        let server = Server::start(MINUTE).await;
        let mut client = server.send(sent).await;
        let (text, after) = read_with_paused_clock(&mut client).await;
        assert_eq!(text, "");
        assert!(after < 2 * HEAD_TIMEOUT, "{sent:?}: {after:?}");
        resume();
    }
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Server::start(MINUTE).await;
    let mut client = server.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    let mut answer = [0; 15];
    client.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 200 OK");
    let (_, after) = read_with_paused_clock(&mut client).await;
    assert!(after < 2 * HEAD_TIMEOUT, "{after:?}");
}

#[tokio::test]
async fn a_body_that_does_not_come_is_answered_with_408() {
    let server = Server::start(MINUTE).await;
    let head = "POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n123";
    let mut client = server.send(head).await;
    let (text, after) = read_with_paused_clock(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(after < 2 * REQUEST_TIMEOUT, "{after:?}");
}

#[tokio::test]
async fn a_handler_that_takes_too_long_is_answered_with_408() {
    let server = Server::start(MINUTE).await;
    let request = "GET /never HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    let mut client = server.send(request).await;
    let (text, after) = read_with_paused_clock(&mut client).await;
    assert!(text.starts_with("HTTP/1.1 408 "), "{text}");
    assert!(after < 2 * REQUEST_TIMEOUT, "{after:?}");
}

#[tokio::test]
async fn a_body_that_is_too_large_is_answered_with_413() {
    let server = Server::start(MINUTE).await;
    let too_large = MAX_BODY + 1;
    let head = format!("POST /length HTTP/1.1\r\nHost: x\r\nContent-Length: {too_large}\r\n\r\n");
    let mut client = server.send(&head).await;
    let text = read_to_end(&mut client).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 413 "), "{text}");
}

#[tokio::test]
async fn at_the_stop_a_request_in_progress_is_answered_and_an_idle_connection_closed() {
    let server = Server::start(MINUTE).await;
    let mut idle = server.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n").await;
    idle.read_u8().await.unwrap();
    let mut client = server.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.asked.notified().await;

    server.stop.cancel();
    read_to_end(&mut idle).await.unwrap();
    assert!(TcpStream::connect(server.address).await.is_err());
    assert!(!server.cut_off.is_finished());
    server.gate.notify_one();
    let text = read_to_end(&mut client).await.unwrap();
    assert!(text.starts_with("HTTP/1.1 200 OK"), "{text}");
    assert!(text.ends_with("at last"), "{text}");
    assert_eq!(server.cut_off.await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_in_progress_after_the_grace_period_is_cut_off_and_counted() {
    let server = Server::start(Duration::from_millis(100)).await;
    let request = "GET /slow HTTP/1.1\r\nHost: x\r\n\r\n";
    let mut first = server.send(request).await;
    let mut second = server.send(request).await;
    server.asked.notified().await;
    server.asked.notified().await;
    server.stop.cancel();
    assert_eq!(server.cut_off.await.unwrap(), 2);
    for client in [&mut first, &mut second] {
        assert_eq!(read_to_end(client).await.unwrap_or_default(), "");
    }
}

#[tokio::test]
async fn dropping_the_server_cuts_off_its_connections() {
    let server = Server::start(MINUTE).await;
    let mut client = server.send("GET /slow HTTP/1.1\r\nHost: x\r\n\r\n").await;
    server.asked.notified().await;
    server.cut_off.abort();
    assert_eq!(read_to_end(&mut client).await.unwrap_or_default(), "");
}
