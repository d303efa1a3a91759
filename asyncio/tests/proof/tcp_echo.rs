#![cfg(unix)]

use std::env;
use std::io::{self, ErrorKind, Read};
use std::net::SocketAddr;
use std::process::Stdio;
use std::thread;
use std::time::{Duration, Instant};

use socket2::SockRef;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::sync::{Semaphore, mpsc};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

#[path = "../../src/bin/tcp_echo.rs"]
#[allow(dead_code)]
mod program;
use program::serve;

const LIMIT: Duration = Duration::from_secs(10);

/// Answers each byte with the same byte, until `stop`. Panics at a `!`.
async fn answer(mut stream: TcpStream, stop: CancellationToken) {
    let answer_all = async {
        while let Ok(byte) = stream.read_u8().await {
            assert_ne!(byte, b'!', "what the client asked for");
            stream.write_u8(byte).await.unwrap();
        }
    };
    stop.run_until_cancelled(answer_all).await;
}

async fn ask(client: &mut TcpStream) -> io::Result<()> {
    client.write_u8(7).await?;
    let byte = timeout(LIMIT, client.read_u8()).await.expect("no answer")?;
    assert_eq!(byte, 7);
    Ok(())
}

async fn start(stop: CancellationToken) -> (SocketAddr, JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    (address, tokio::spawn(serve(listener, stop, answer)))
}

#[tokio::test]
async fn at_the_stop_the_port_is_closed_and_each_handler_is_waited_for() {
    static GATE: Semaphore = Semaphore::const_new(0);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let stop = CancellationToken::new();
    let (sender, mut stopping) = mpsc::channel(2);
    let server = tokio::spawn(serve(listener, stop.clone(), move |mut stream, stop| {
        let sender = sender.clone();
        async move {
            stream.write_u8(1).await.unwrap();
            stop.cancelled().await;
            sender.send(()).await.unwrap();
            GATE.acquire().await.unwrap().forget();
            stream.write_u8(2).await.unwrap();
        }
    }));
    let mut clients = Vec::new();
    for _ in 0..2 {
        let mut client = TcpStream::connect(address).await.unwrap();
        assert_eq!(client.read_u8().await.unwrap(), 1);
        clients.push(client);
    }

    stop.cancel();
    for _ in 0..2 {
        timeout(LIMIT, stopping.recv()).await.unwrap();
    }
    let refused = TcpStream::connect(address).await.unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    for mut client in clients {
        assert!(!server.is_finished(), "a handler has not returned");
        GATE.add_permits(1);
        client.read_u8().await.unwrap();
    }
    timeout(LIMIT, server).await.unwrap().unwrap();
}

#[tokio::test]
async fn dropping_the_server_stops_the_handlers() {
    let (address, server) = start(CancellationToken::new()).await;
    let mut client = TcpStream::connect(address).await.unwrap();
    ask(&mut client).await.unwrap();
    server.abort();
    let end = timeout(LIMIT, client.read(&mut [0])).await;
    assert_eq!(end.expect("still connected").unwrap(), 0);
}

#[tokio::test]
async fn a_panic_or_a_reset_ends_one_connection_only() {
    let stop = CancellationToken::new();
    let (address, server) = start(stop.clone()).await;
    let mut other = TcpStream::connect(address).await.unwrap();
    ask(&mut other).await.unwrap();

    let mut panics = TcpStream::connect(address).await.unwrap();
    panics.write_u8(b'!').await.unwrap();
    assert_eq!(panics.read(&mut [0]).await.unwrap(), 0);
    let mut resets = TcpStream::connect(address).await.unwrap();
    ask(&mut resets).await.unwrap();
    SockRef::from(&resets)
        .set_linger(Some(Duration::ZERO))
        .unwrap();
    drop(resets);

    ask(&mut other).await.unwrap();
    let mut newcomer = TcpStream::connect(address).await.unwrap();
    ask(&mut newcomer).await.unwrap();
    stop.cancel();
    timeout(LIMIT, server).await.unwrap().unwrap();
}

#[tokio::test]
async fn it_stops_when_nobody_has_come() {
    let stop = CancellationToken::new();
    let (_, server) = start(stop.clone()).await;
    stop.cancel();
    timeout(LIMIT, server).await.unwrap().unwrap();
}

#[tokio::test]
async fn out_of_files_it_pauses_and_goes_on_when_a_connection_has_ended() {
    let start = Instant::now();
    let mut server = Command::new("sh")
        .args(["-c", "ulimit -n 32; exec \"$@\"", "-"])
        .arg(env::current_exe().unwrap())
        .args(["--exact", "tcp_echo::server_with_few_files"])
        .args(["--ignored", "--nocapture"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(server.stdout.take().unwrap()).lines();
    let address = loop {
        let line = stdout.next_line().await.unwrap();
        let line = line.expect("the server has ended");
        if let Some(address) = line.strip_prefix("address ") {
            break address.to_owned();
        }
    };
    let mut clients = Vec::new();
    for _ in 0..40 {
        clients.push(TcpStream::connect(&address).await.unwrap());
    }

    let mut stderr = BufReader::new(server.stderr.take().unwrap()).lines();
    for _ in 0..6 {
        let line = timeout(LIMIT, stderr.next_line()).await;
        let line = line.expect("no error").unwrap();
        assert_eq!(
            line.as_deref(),
            Some("accept: Too many open files (os error 24)")
        );
    }
    let least = Duration::from_millis(500);
    assert!(start.elapsed() >= least, "no pause between the errors");
    ask(&mut clients[0]).await.unwrap();

    clients.drain(..20);
    let last = clients.last_mut().unwrap();
    ask(last).await.unwrap();
    drop(server.stdin.take()); // tells it to stop, with 20 clients still connected
    let status = timeout(LIMIT, server.wait())
        .await
        .expect("it does not stop");
    assert!(status.unwrap().success());
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn server_with_few_files() {
    let stop = CancellationToken::new();
    let stop_at_the_end_of_stdin = stop.clone();
    thread::spawn(move || {
        let _ = io::stdin().read(&mut [0]);
        stop_at_the_end_of_stdin.cancel();
    });
    let (address, server) = start(stop).await;
    println!("\naddress {address}");
    server.await.unwrap();
}
