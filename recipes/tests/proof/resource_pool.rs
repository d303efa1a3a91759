use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

#[path = "../../src/bin/resource_pool.rs"]
#[allow(dead_code)]
mod program;
use program::{Server, pool};

/// A server that answers each line with the same line, `ping` with `pong`, and `slow` only when it is told to.
#[derive(Default)]
struct TestServer {
    opened: AtomicUsize,
    slow_asked: Notify,
    answer_slow: Notify,
}

impl TestServer {
    async fn start() -> (Arc<Self>, Server) {
        let server = Arc::new(Self::default());
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let shared = server.clone();
        tokio::spawn(async move {
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                shared.opened.fetch_add(1, Relaxed);
                tokio::spawn(shared.clone().answer(stream));
            }
        });
        (server, Server { address })
    }

    async fn answer(self: Arc<Self>, stream: TcpStream) {
        let mut stream = BufReader::new(stream);
        let mut line = String::new();
        while let Ok(1..) = stream.read_line(&mut line).await {
            let answer = line.replace("ping", "pong");
            if line == "slow\n" {
                self.slow_asked.notify_one();
                self.answer_slow.notified().await;
            }
            if stream.write_all(answer.as_bytes()).await.is_err() {
                return; // the client has hung up
            }
            line.clear();
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_more_connections_than_the_limit_and_every_answer_to_its_request() {
    let (server, address) = TestServer::start().await;
    let pool = pool(address, 4);
    let mut users = JoinSet::new();
    for user in 0..100 {
        let pool = pool.clone();
        users.spawn(async move {
            let mut connection = pool.get().await.unwrap();
            let request = format!("request {user}");
            assert_eq!(connection.ask(&request).await.unwrap(), request);
        });
    }
    users.join_all().await;
    let opened = server.opened.load(Relaxed);
    assert!(opened <= 4, "{opened} opened");
}

#[tokio::test]
async fn an_answer_that_a_canceled_user_left_is_not_given_to_the_next() {
    let (server, address) = TestServer::start().await;
    let pool = pool(address, 1);
    let mut connection = pool.get().await.unwrap();
    let canceled = tokio::spawn(async move { connection.ask("slow").await });
    server.slow_asked.notified().await;
    canceled.abort();
    assert!(canceled.await.is_err());
    server.answer_slow.notify_one();

    let mut connection = pool.get().await.unwrap();
    assert_eq!(connection.ask("next").await.unwrap(), "next");
    assert_eq!(server.opened.load(Relaxed), 2);
}

#[tokio::test]
async fn a_panic_gives_the_connection_back() {
    let (server, address) = TestServer::start().await;
    let pool = pool(address, 1);
    let connection = pool.get().await.unwrap();
    let user = tokio::spawn(async move {
        let _connection = connection;
        panic!("in the middle of a use");
    });
    assert!(user.await.is_err());
    let mut connection = pool.get().await.unwrap();
    assert_eq!(connection.ask("next").await.unwrap(), "next");
    assert_eq!(server.opened.load(Relaxed), 1);
}

#[tokio::test]
async fn a_user_that_gives_up_waiting_has_taken_nothing() {
    let (_, address) = TestServer::start().await;
    let pool = pool(address, 1);
    let connection = pool.get().await.unwrap();
    let gave_up = timeout(Duration::from_millis(10), pool.get()).await;
    assert!(gave_up.is_err());
    drop(connection);
    assert!(pool.get().await.is_ok());
}

// Time is paused: when nobody can go on, the clock jumps to the next deadline.
#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_holds_nobody_up_forever() {
    let (_server, address) = TestServer::start().await;
    let pool = pool(address, 1);
    let mut connection = pool.get().await.unwrap();
    let answer = timeout(Duration::from_secs(60), connection.ask("slow")).await;
    assert!(answer.expect("it gives up itself").is_err());
    drop(connection);
    let next = timeout(Duration::from_secs(60), pool.get()).await;
    assert!(next.expect("it gives up itself").is_ok(), "it is replaced");
}

#[tokio::test]
async fn a_part_of_an_answer_is_an_error() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let pool = pool(Server { address }, 1);
    let server = async {
        let (mut stream, _) = listener.accept().await.unwrap();
        stream.read_u8().await.unwrap();
        stream.write_all(b"a part").await.unwrap();
        stream.shutdown().await.unwrap();
        stream
    };
    let user = async {
        let mut connection = pool.get().await.unwrap();
        connection.ask("request").await
    };
    let (_stream, answer) = tokio::join!(server, user);
    assert!(answer.is_err());
}

#[test]
fn without_file_descriptors_it_ends_with_an_error() {
    // Tokio itself needs 8, or it panics. With 20 there are enough for all.
    for files in 10..18 {
        let mut command = Command::new("sh");
        command
            .args(["-c", "ulimit -n $0; exec timeout 10 $1"])
            .arg(files.to_string())
            .arg(env!("CARGO_BIN_EXE_resource_pool"))
            .stderr(Stdio::null())
            .stdout(Stdio::null());
        let status = command.status().unwrap();
        let code = status.code();
        assert_eq!(code, Some(1), "{files} files: {status}");
    }
}
