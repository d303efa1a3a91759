use std::future::pending;
use std::time::Duration;

use reqwest::{Client, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::sync::CancellationToken;

#[path = "../../src/bin/hedged_request.rs"]
#[allow(dead_code)]
mod program;
use program::{fetch, hedged};

const AFTER: Duration = Duration::from_millis(100);

/// A request that answers after `millis`; it cancels `dropped` when it is dropped or has ended.
async fn request(
    millis: u64,
    answer: Result<&'static str, &'static str>,
    dropped: &CancellationToken,
) -> Result<&'static str, &'static str> {
    let _guard = dropped.clone().drop_guard();
    sleep(Duration::from_millis(millis)).await;
    answer
}

/// How two requests end, and after how many milliseconds of a clock that is paused.
async fn race(
    first: (u64, Result<&'static str, &'static str>),
    second: (u64, Result<&'static str, &'static str>),
) -> (Result<&'static str, [&'static str; 2]>, u128) {
    let unused = CancellationToken::new();
    let first = request(first.0, first.1, &unused);
    let second = request(second.0, second.1, &unused);
    let start = Instant::now();
    let answer = hedged(first, second, AFTER).await;
    (answer, start.elapsed().as_millis())
}

#[tokio::test(start_paused = true)]
async fn the_first_success_is_taken() {
    let never = 1_000_000;
    assert_eq!(race((50, Ok("a")), (0, Ok("b"))).await, (Ok("a"), 50));
    assert_eq!(race((never, Ok("a")), (30, Ok("b"))).await, (Ok("b"), 130));
    assert_eq!(race((120, Ok("a")), (never, Ok("b"))).await, (Ok("a"), 120));
}

#[tokio::test(start_paused = true)]
async fn after_a_failure_the_second_is_asked_at_once() {
    assert_eq!(race((20, Err("a")), (30, Ok("b"))).await, (Ok("b"), 50));
}

#[tokio::test(start_paused = true)]
async fn a_failure_never_wins() {
    assert_eq!(race((200, Ok("a")), (10, Err("b"))).await, (Ok("a"), 200));
    assert_eq!(race((120, Err("a")), (50, Ok("b"))).await, (Ok("b"), 150));
}

#[tokio::test(start_paused = true)]
async fn both_errors_come_in_the_order_of_the_requests() {
    let both = Err(["a", "b"]);
    assert_eq!(race((20, Err("a")), (30, Err("b"))).await, (both, 50));
    assert_eq!(race((110, Err("a")), (30, Err("b"))).await, (both, 130));
    assert_eq!(race((200, Err("a")), (30, Err("b"))).await, (both, 200));
}

#[tokio::test(start_paused = true)]
async fn the_loser_is_dropped() {
    for (first, second) in [(1_000_000, 10), (150, 1_000_000)] {
        let first_dropped = CancellationToken::new();
        let second_dropped = CancellationToken::new();
        let first = request(first, Ok("a"), &first_dropped);
        let second = request(second, Ok("b"), &second_dropped);
        hedged(first, second, AFTER).await.unwrap();
        assert!(first_dropped.is_cancelled());
        assert!(second_dropped.is_cancelled());
    }
}

#[tokio::test(start_paused = true)]
async fn the_second_is_not_asked_when_the_first_answers_in_time() {
    let asked = CancellationToken::new();
    let second = async {
        asked.cancel();
        pending::<Result<&str, &str>>().await
    };
    let first = async {
        sleep(Duration::from_millis(99)).await;
        Ok("a")
    };
    let answer = timeout(AFTER * 2, hedged(first, second, AFTER)).await;
    assert_eq!(answer, Ok(Ok("a")));
    assert!(!asked.is_cancelled());
}

#[tokio::test(start_paused = true)]
async fn dropped_half_way_it_drops_both() {
    let dropped = [CancellationToken::new(), CancellationToken::new()];
    let first = request(1_000_000, Ok("a"), &dropped[0]);
    let second = request(1_000_000, Ok("b"), &dropped[1]);
    let both = hedged(first, second, AFTER);
    assert!(timeout(AFTER * 2, both).await.is_err());
    assert!(dropped[0].is_cancelled());
    assert!(dropped[1].is_cancelled());
}

#[tokio::test]
async fn a_redirect_to_nowhere_does_not_win() {
    let nowhere = serve("302 Found", "gone").await;
    let page = serve("200 OK", "page").await;
    let client = Client::builder().no_proxy().build().unwrap();
    let first = fetch(&client, &nowhere);
    let second = fetch(&client, &page);
    assert_eq!(hedged(first, second, AFTER * 600).await.unwrap(), "page");
}

/// Answers every connection like this.
async fn serve(status: &'static str, body: &'static str) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            let _ = connection.read(&mut [0; 1024]).await.unwrap();
            let answer = format!("HTTP/1.1 {status}\r\ncontent-length: 4\r\n\r\n{body}");
            connection.write_all(answer.as_bytes()).await.unwrap();
        }
    });
    format!("http://{address}/").parse().unwrap()
}
