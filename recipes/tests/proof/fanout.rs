use std::time::Duration;

use futures::StreamExt;
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

#[path = "../../src/bin/fanout.rs"]
#[allow(dead_code)]
mod program;
use program::{client, fan_out, fetch};

const SECONDS: Duration = Duration::from_secs(10);

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_the_server_closes_costs_no_page() {
    let url = serve("200 OK").await;
    let client = client(SECONDS).no_proxy().build().unwrap();
    let urls = vec![url; 1000];
    let pages: Vec<_> = fan_out(client, urls, 8).collect().await;
    for (_, page) in pages {
        assert_eq!(page.unwrap(), "page");
    }
}

#[tokio::test]
async fn only_2xx_is_a_page() {
    let client = client(SECONDS).no_proxy().build().unwrap();
    assert_eq!(status_of(&client, "203 Others").await, Ok("page".into()));
    for status in ["300 Choices", "302 Found", "304 Not Modified", "999 Denied"] {
        let error = status_of(&client, status).await.unwrap_err();
        assert!(error.contains(&status[..3]), "{status}: {error}");
    }
}

async fn status_of(client: &reqwest::Client, status: &'static str) -> Result<String, String> {
    let page = fetch(client.clone(), serve(status).await).await;
    match page {
        Ok(body) => Ok(String::from_utf8(body.into()).unwrap()),
        Err(error) => Err(error.root_cause().to_string()),
    }
}

#[tokio::test]
async fn pages_go_on_while_the_caller_is_busy() {
    let client = client(SECONDS).no_proxy().build().unwrap();
    let url = serve("200 OK").await;
    let (sender, mut asked) = tokio::sync::mpsc::channel(1);
    let other = serve_with(move |connection| answer_and_tell(connection, sender.clone())).await;
    let mut pages = Box::pin(fan_out(client, [url, other], 2));
    let first = pages.next().await.unwrap();
    assert!(first.1.is_ok());
    // Nobody polls the stream, and the other page is still asked for and taken.
    asked.recv().await.unwrap();
    asked.recv().await.unwrap();
}

/// Tells when a request has come, and when its client has taken the answer and the end.
async fn answer_and_tell(mut connection: TcpStream, asked: tokio::sync::mpsc::Sender<()>) {
    let _ = connection.read(&mut [0; 1024]).await.unwrap();
    asked.send(()).await.unwrap();
    let head = b"HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 4\r\n\r\npage";
    connection.write_all(head).await.unwrap();
    let _ = connection.read(&mut [0; 1024]).await.unwrap(); // the client hangs up
    asked.send(()).await.unwrap();
}

#[tokio::test]
async fn no_urls_are_no_pages() {
    let client = client(SECONDS).build().unwrap();
    let none: Vec<Url> = Vec::new();
    assert_eq!(fan_out(client, none, 8).count().await, 0);
}

/// Answers one request on each connection, and closes the connection when the next one comes.
async fn serve(status: &'static str) -> Url {
    serve_with(move |mut connection| async move {
        let mut request = [0; 1024];
        let _ = connection.read(&mut request).await;
        let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\npage");
        let _ = connection.write_all(answer.as_bytes()).await;
        let _ = connection.read(&mut request).await;
    })
    .await
}

async fn serve_with<F>(answer: impl Fn(TcpStream) -> F + Send + 'static) -> Url
where
    F: Future<Output = ()> + Send + 'static,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (connection, _) = listener.accept().await.unwrap();
            tokio::spawn(answer(connection));
        }
    });
    format!("http://{address}/").parse().unwrap()
}
