use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::{Client, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::{Instant, sleep, timeout};

#[path = "../../src/bin/http_client_session.rs"]
#[allow(dead_code)]
mod program;
use program::{client, fetch};

const PAGE: &str = "HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npage";
const MISSING: &str = "HTTP/1.1 404 Not Found\r\ncontent-length: 4\r\n\r\nnone";

fn test_client() -> Client {
    client().no_proxy().build().unwrap()
}

/// Runs `answer` for each connection; returns the URL, and how many were accepted.
async fn serve<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> (Url, Arc<AtomicUsize>)
where
    F: Future<Output = std::io::Result<()>> + Send + 'static,
{
    let accepted = Arc::new(AtomicUsize::new(0));
    let count = accepted.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            count.fetch_add(1, SeqCst);
            tokio::spawn(answer(connection));
        }
    });
    (url.parse().unwrap(), accepted)
}

/// Answers every request of a connection. The end of the body comes a moment later.
async fn always(mut connection: TcpStream, answer: &str) -> std::io::Result<()> {
    let (start, end) = answer.split_at(answer.len() - 1);
    while connection.read(&mut [0; 1024]).await? > 0 {
        connection.write_all(start.as_bytes()).await?;
        sleep(Duration::from_millis(5)).await;
        connection.write_all(end.as_bytes()).await?;
    }
    Ok(())
}

#[tokio::test]
async fn requests_share_connections_also_after_an_error() {
    for (answer, ok) in [(PAGE, 100), (MISSING, 0)] {
        let (url, accepted) = serve(move |connection| always(connection, answer)).await;
        let client = test_client();
        let pages = stream::iter(vec![url; 100])
            .map(|url| fetch(&client, url))
            .buffer_unordered(4);
        let pages: Vec<_> = pages.collect().await;
        assert_eq!(pages.iter().flatten().count(), ok);
        // A request without a connection at hand opens one, and may take another that is free sooner.
        let accepted = accepted.load(SeqCst);
        assert!(accepted <= 50, "{accepted} connections for 100 requests");
    }
}

/// Answers one request, and closes the connection when the next one comes.
async fn once(mut connection: TcpStream) -> std::io::Result<()> {
    let _ = connection.read(&mut [0; 1024]).await?;
    connection.write_all(PAGE.as_bytes()).await?;
    let _ = connection.read(&mut [0; 1024]).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_the_server_closes_costs_no_page() {
    let (url, _) = serve(once).await;
    let client = test_client();
    let pages = stream::iter(vec![url; 1000])
        .map(|url| fetch(&client, url))
        .buffer_unordered(8);
    let pages: Vec<_> = pages.collect().await;
    for page in pages {
        assert_eq!(page.unwrap(), "page");
    }
}

#[tokio::test]
async fn a_get_is_sent_again_and_a_post_is_not() {
    // The first connection is closed when its request has come, all others answer.
    for (method, tries) in [(reqwest::Method::GET, 2), (reqwest::Method::POST, 1)] {
        let first = Arc::new(AtomicUsize::new(0));
        let (url, accepted) = serve(move |mut connection| {
            let nth = first.fetch_add(1, SeqCst);
            async move {
                if nth == 0 {
                    let _ = connection.read(&mut [0; 1024]).await?;
                    return Ok(());
                }
                always(connection, PAGE).await
            }
        })
        .await;
        let answer = test_client().request(method, url).send().await;
        assert_eq!(answer.is_ok(), tries == 2);
        assert_eq!(accepted.load(SeqCst), tries);
        if let Err(error) = answer {
            let error = anyhow::Error::from(error);
            let cause = error.root_cause().to_string();
            assert_eq!(cause, "connection closed before message completed");
        }
    }
}

#[tokio::test]
async fn a_body_that_never_ends_times_out() {
    let (url, _) = serve(async |mut connection: TcpStream| {
        let _ = connection.read(&mut [0; 1024]).await?;
        let head = "HTTP/1.1 200 OK\r\ncontent-length: 1000000\r\n\r\n";
        connection.write_all(head.as_bytes()).await?;
        loop {
            connection.write_all(b"x").await?;
            sleep(Duration::from_millis(10)).await;
        }
    })
    .await;
    let limit = Duration::from_millis(300);
    let client = client().no_proxy().timeout(limit).build().unwrap();
    let start = Instant::now();
    let page = timeout(Duration::from_secs(60), fetch(&client, url)).await;
    let error = page.expect("no time-out").unwrap_err();
    assert_eq!(error.root_cause().to_string(), "operation timed out");
    assert!(start.elapsed() >= limit);
}

#[tokio::test]
async fn only_2xx_is_a_page() {
    for status in [
        "300 Choices",
        "302 Found",
        "304 Not Modified",
        "404 None",
        "999 Denied",
    ] {
        let (url, _) = serve(move |mut connection| async move {
            let _ = connection.read(&mut [0; 1024]).await?;
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\npage");
            connection.write_all(answer.as_bytes()).await?;
            let _ = connection.read(&mut [0; 1024]).await?;
            Ok(())
        })
        .await;
        let error = fetch(&test_client(), url).await.unwrap_err().to_string();
        assert!(error.contains(&status[..3]), "{status}: {error}");
    }
}

#[test]
#[cfg(target_os = "linux")]
fn a_full_disk_behind_stderr_is_no_panic() {
    let full = std::fs::File::options()
        .write(true)
        .open("/dev/full")
        .unwrap();
    assert!((&full).write(b"x").is_err());
    let mut command = Command::new(env!("CARGO_BIN_EXE_http_client_session"));
    command.arg("http://127.0.0.1:9/").stderr(Stdio::from(full));
    let output = command.output().unwrap();
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert!(stdout.ends_with("\n0 of 1 pages\n"), "{stdout}");
    assert_eq!(output.status.code(), Some(1), "101 would be a panic");
}
