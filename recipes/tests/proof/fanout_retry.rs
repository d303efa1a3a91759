use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::{StatusCode, header::RETRY_AFTER};
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures::future::join_all;
use futures::{StreamExt, stream};
use jiff::{Timestamp, ToSpan, fmt::rfc2822};
use reqwest::{Client, Url};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};

#[path = "../../src/bin/fanout_retry.rs"]
#[allow(dead_code)]
mod program;
use program::{client, fetch, fetch_with_retries};

const MINUTE: Duration = Duration::from_secs(60);

fn test_client() -> Client {
    client(MINUTE).no_proxy().build().unwrap()
}

/// When each path was asked for.
type Asked = Arc<Mutex<HashMap<String, Vec<Instant>>>>;

/// Serves what `answer` makes of a path and of how often it was asked for.
async fn serve(answer: fn(&str, usize) -> Response) -> (Url, Asked) {
    let asked = Asked::default();
    let seen = asked.clone();
    let page = async move |Path(path): Path<String>| {
        let mut seen = seen.lock().unwrap();
        let times = seen.entry(path.clone()).or_default();
        times.push(Instant::now());
        answer(&path, times.len())
    };
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    let router = Router::new().route("/{path}", get(page));
    tokio::spawn(async { axum::serve(listener, router).await });
    (url.parse().unwrap(), asked)
}

#[tokio::test]
async fn only_what_may_pass_is_tried_again() {
    let (base, asked) = serve(|path, nth| {
        let status = if nth == 1 { path.parse().unwrap() } else { 200 };
        StatusCode::from_u16(status).unwrap().into_response()
    })
    .await;
    let client = test_client();
    let may_pass = [408, 429, 500, 502, 503, 504];
    let stays = [300, 302, 304, 400, 401, 403, 404, 410, 501, 505, 999];
    let tries = may_pass.into_iter().chain(stays).map(async |status| {
        let url = base.join(&status.to_string()).unwrap();
        let page = fetch_with_retries(&client, &url, MINUTE).await;
        let asked = asked.lock().unwrap()[&status.to_string()].len();
        if may_pass.contains(&status) {
            assert!(page.is_ok(), "{status}");
            assert_eq!(asked, 2, "{status}");
        } else {
            let error = page.unwrap_err().to_string();
            assert!(error.contains(&status.to_string()), "{error}");
            assert_eq!(asked, 1, "{status}");
        }
    });
    join_all(tries).await;
}

#[tokio::test]
async fn four_tries_are_enough() {
    let (base, asked) = serve(|_, _| StatusCode::BAD_GATEWAY.into_response()).await;
    let url = base.join("down").unwrap();
    let page = fetch_with_retries(&test_client(), &url, MINUTE).await;
    assert_eq!(
        page.unwrap_err().to_string(),
        "the server answered 502 Bad Gateway"
    );
    let asked = asked.lock().unwrap()["down"].clone();
    assert_eq!(asked.len(), 4);
    let pauses = asked.windows(2).map(|pair| pair[1] - pair[0]);
    for (pause, least) in pauses.zip([100, 200, 400]) {
        assert!(pause >= Duration::from_millis(least), "{pause:?}");
    }
}

#[tokio::test]
async fn retry_after_is_waited_for_whether_seconds_or_a_date() {
    let (base, asked) = serve(|path, nth| match nth {
        1 => too_many(&retry_after(path)),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let client = test_client();
    // A date has no fraction: one that is 3 seconds away may be 2 seconds away when it is written.
    let pauses = [
        ("1", 1.0),
        ("1.5", 1.5),
        ("gmt", 2.0),
        ("utc", 2.0),
        ("east", 2.0),
    ];
    let tries = pauses.map(async |(path, least)| {
        let url = base.join(path).unwrap();
        fetch_with_retries(&client, &url, MINUTE).await.unwrap();
        let asked = asked.lock().unwrap()[path].clone();
        let pause = asked[1] - asked[0];
        assert!(pause.as_secs_f64() >= least, "{path}: {pause:?}");
        assert!(pause < MINUTE / 2, "{path}: {pause:?}");
    });
    join_all(tries).await;
}

/// Dates that are 3 seconds away, in three time zones; any other text as it is.
fn retry_after(path: &str) -> String {
    let end = Timestamp::now() + 3.seconds();
    match path {
        "gmt" => {
            let printer = rfc2822::DateTimePrinter::new();
            printer.timestamp_to_rfc9110_string(&end).unwrap()
        }
        "utc" => end.strftime("%a, %d %b %Y %H:%M:%S +0000").to_string(),
        "east" => {
            let there = end + 2.hours();
            there.strftime("%a, %d %b %Y %H:%M:%S +0200").to_string()
        }
        seconds => seconds.to_owned(),
    }
}

fn too_many(retry_after: &str) -> Response {
    let header = [(RETRY_AFTER, retry_after)];
    (StatusCode::TOO_MANY_REQUESTS, header).into_response()
}

#[tokio::test]
async fn a_date_that_has_passed_asks_for_no_pause() {
    let (base, asked) = serve(|_, nth| match nth {
        1 => too_many("Wed, 21 Oct 2015 07:28:00 GMT"),
        _ => StatusCode::OK.into_response(),
    })
    .await;
    let url = base.join("past").unwrap();
    fetch_with_retries(&test_client(), &url, MINUTE)
        .await
        .unwrap();
    assert_eq!(asked.lock().unwrap()["past"].len(), 2);
}

#[tokio::test]
async fn a_pause_that_outlasts_the_deadline_or_cannot_be_read_is_not_begun() {
    let (base, asked) = serve(|path, _| too_many(path)).await;
    let client = test_client();
    let too_long = [
        "60",
        "3600",
        "18446744073709551615",
        "18446744073709551616",
        "99999999999999999999",
        "1e400",
        "inf",
        "NaN",
        "-1",
        "soon",
        "1,5",
        "Wed, 99 Oct 2055 07:28:00 GMT",
        "Thu, 21 Oct 2055 07:28:00 GMT",
    ];
    let tries = too_long.map(async |value| {
        let mut url = base.clone();
        url.set_path(value);
        let page = fetch_with_retries(&client, &url, MINUTE);
        let page = timeout(MINUTE / 2, page).await.expect(value);
        let error = page.unwrap_err().to_string();
        assert_eq!(error, "the server answered 429 Too Many Requests");
        assert_eq!(asked.lock().unwrap()[value].len(), 1, "{value}");
    });
    join_all(tries).await;
}

#[tokio::test]
async fn the_deadline_ends_a_try_that_hangs() {
    let (url, _) = serve_raw(&["HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf", "hang"]).await;
    let deadline = Duration::from_millis(500);
    let page = fetch_with_retries(&test_client(), &url, deadline).await;
    assert_eq!(page.unwrap_err().to_string(), "no page within 500ms");
}

#[tokio::test]
async fn half_an_answer_is_tried_again() {
    let whole = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nhalf+half";
    let (url, answered) = serve_raw(&[&whole[..40], "HTT", whole]).await;
    let page = fetch_with_retries(&test_client(), &url, MINUTE).await;
    assert_eq!(page.unwrap(), "half+half");
    assert_eq!(*answered.lock().unwrap(), 3);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_the_server_closes_costs_no_try() {
    // Every connection answers one request, and is closed when the next one comes.
    let (url, _) = serve_raw(&["HTTP/1.1 200 OK\r\ncontent-length: 4\r\n\r\npage"; 10_000]).await;
    let client = test_client();
    let tries = stream::iter(0..1000).map(|_| fetch(&client, &url));
    let pages: Vec<_> = tries.buffer_unordered(8).collect().await;
    for page in pages {
        assert_eq!(page.unwrap(), "page");
    }
}

/// Sends each answer on a connection of its own, and closes it after that if the answer is not
/// whole, or else when the next request comes. "hang" never answers.
async fn serve_raw(answers: &[&'static str]) -> (Url, Arc<Mutex<usize>>) {
    let answers = answers.to_vec();
    let answered = Arc::new(Mutex::new(0));
    let count = answered.clone();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        for answer in answers {
            let (mut connection, _) = listener.accept().await.unwrap();
            let count = count.clone();
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = connection.read(&mut request).await;
                *count.lock().unwrap() += 1;
                if answer == "hang" {
                    std::future::pending::<()>().await;
                }
                let _ = connection.write_all(answer.as_bytes()).await;
                if answer.ends_with("page") {
                    let _ = connection.read(&mut request).await;
                }
            });
        }
        std::future::pending::<()>().await; // keeps the port
    });
    (url.parse().unwrap(), answered)
}

#[tokio::test(start_paused = true)]
async fn a_url_that_cannot_be_fetched_is_not_tried_again() {
    let start = Instant::now();
    let url = "localhost:8080/".parse().unwrap();
    let page = fetch_with_retries(&test_client(), &url, MINUTE).await;
    assert!(page.is_err());
    assert_eq!(
        start.elapsed(),
        Duration::ZERO,
        "a pause before another try"
    );
}
