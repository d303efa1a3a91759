use std::time::Duration;

use futures::{StreamExt, stream};
use reqwest::Url;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::mpsc;

#[path = "../../src/bin/fanout_stream.rs"]
#[allow(dead_code)]
mod program;
use program::{client, fan_out, fetch, read_urls};

const SECONDS: Duration = Duration::from_secs(10);

/// What becomes of each line: its URL, or the error.
async fn lines(input: &[u8]) -> Vec<String> {
    let (sender, mut urls) = mpsc::channel(100);
    read_urls(input, sender).await.unwrap();
    let mut lines = Vec::new();
    while let Some(url) = urls.recv().await {
        lines.push(match url {
            Ok(url) => url.to_string(),
            Err(error) => format!("{error}: {}", error.root_cause()),
        });
    }
    lines
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped_but_only_at_the_start() {
    let input = "\u{feff}http://a/\n\u{feff}http://b/\n";
    let error = "line 2: relative URL without a base";
    assert_eq!(lines(input.as_bytes()).await, ["http://a/", error]);
    assert_eq!(lines("\u{feff}# list\n".as_bytes()).await, [""; 0]);
}

#[tokio::test]
async fn a_line_ends_in_n_or_rn_or_with_the_input() {
    let input = b"http://a/\r\n\r\n \thttp://b/ \nhttp://c/";
    assert_eq!(lines(input).await, ["http://a/", "http://b/", "http://c/"]);
    assert_eq!(lines(b"").await, [""; 0]);
}

#[tokio::test]
async fn a_line_that_is_no_url_is_named_with_its_number() {
    let input = b"http://a/\nlocalhost:8080/\nmailto:a@b\nhttp://a/ http://b/\nhttp://\n\xff\n";
    let expected = [
        "http://a/",
        "line 2: neither http nor https",
        "line 3: neither http nor https",
        "http://a/%20http://b/",
        "line 5: empty host",
        "line 6: invalid utf-8 sequence of 1 bytes from index 0",
    ];
    assert_eq!(lines(input).await, expected);
}

#[tokio::test]
async fn the_longest_line_has_8_kib() {
    let fits = format!("http://a/{}\n", "x".repeat(8192 - 10));
    let too_long = format!("http://a/{}\nhttp://b/", "x".repeat(8192 - 9));
    assert_eq!(fits.len(), 8192);
    assert_eq!(lines(fits.as_bytes()).await, [fits.trim_end()]);
    let expected = ["line 1: too long", "http://b/"];
    let blank = format!("{}http://a/\nhttp://b/", " ".repeat(20_000));
    assert_eq!(
        lines(blank.as_bytes()).await,
        expected,
        "its URL is not lost"
    );
    assert_eq!(lines(too_long.as_bytes()).await, expected);
}

#[tokio::test]
async fn a_reader_whose_receiver_is_dropped_returns() {
    let (sender, urls) = mpsc::channel(1);
    let input = "http://a/\n".repeat(100);
    let reader = tokio::spawn(async move { read_urls(input.as_bytes(), sender).await });
    drop(urls);
    reader.await.unwrap().unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_the_server_closes_costs_no_page() {
    let url = serve("200 OK").await;
    let client = client(SECONDS).no_proxy().build().unwrap();
    let urls = stream::iter(vec![url; 1000]).map(Ok);
    let pages: Vec<_> = fan_out(client, urls, 8).collect().await;
    for page in pages {
        let (_, body) = page.unwrap();
        assert_eq!(body, "page");
    }
}

#[tokio::test]
async fn only_2xx_is_a_page() {
    let client = client(SECONDS).no_proxy().build().unwrap();
    for status in ["300 Choices", "302 Found", "304 Not Modified", "999 Denied"] {
        let error = fetch(client.clone(), serve(status).await)
            .await
            .unwrap_err();
        let cause = error.root_cause().to_string();
        assert!(cause.contains(&status[..3]), "{status}: {cause}");
    }
}

/// Answers one request on each connection, and closes the connection when the next one comes.
async fn serve(status: &'static str) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = connection.read(&mut request).await;
                let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\npage");
                let _ = connection.write_all(answer.as_bytes()).await;
                let _ = connection.read(&mut request).await;
            });
        }
    });
    format!("http://{address}/").parse().unwrap()
}
