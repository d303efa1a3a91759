use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::routing::get;
use reqwest::{Client, Url};
use serde::Deserialize;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::time::sleep;

#[path = "../../src/bin/fetch_json_in_order.rs"]
#[allow(dead_code)]
mod program;
use program::{client, fetch, fetch_all};

#[derive(Debug, Deserialize, PartialEq)]
struct User {
    id: u64,
}

fn test_client() -> Client {
    client(Duration::from_secs(60)).no_proxy().build().unwrap()
}

async fn serve(router: Router) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async { axum::serve(listener, router).await });
    url.parse().unwrap()
}

#[tokio::test]
async fn answers_that_come_in_reverse_stand_in_the_order_asked() {
    // Each user is answered after the next one: 4, 3, 2, 1.
    let answered = Arc::new(Mutex::new(Vec::new()));
    let order = answered.clone();
    let (last, _) = watch::channel(5);
    let user = async move |Path(id): Path<u64>| {
        let mut next = last.subscribe();
        next.wait_for(|last| *last == id + 1).await.unwrap();
        order.lock().unwrap().push(id);
        last.send_replace(id);
        format!(r#"{{"id": {id}}}"#)
    };
    let base = serve(Router::new().route("/{id}", get(user))).await;
    let urls = [1, 2, 3, 4].map(|id| base.join(&id.to_string()).unwrap());

    let client = test_client();
    let task = tokio::spawn(async move { fetch_all::<User>(client, urls.into(), 4).await });
    let users = task.await.unwrap();
    let ids: Vec<_> = users.into_iter().map(|user| user.unwrap().id).collect();
    assert_eq!(ids, [1, 2, 3, 4]);
    assert_eq!(*answered.lock().unwrap(), [4, 3, 2, 1]);
}

#[tokio::test]
async fn the_limit_is_reached_and_kept() {
    let at_once = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let (now, peak) = (at_once.clone(), most.clone());
    let user = async move || {
        peak.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
        sleep(Duration::from_millis(50)).await; // one too many would be seen
        now.fetch_sub(1, SeqCst);
        r#"{"id": 1}"#
    };
    let base = serve(Router::new().route("/", get(user))).await;
    let urls = vec![base; 12];
    let users = fetch_all::<User>(test_client(), urls, 3).await;
    assert!(users.iter().all(Result::is_ok));
    assert_eq!(most.load(SeqCst), 3);
}

#[tokio::test]
async fn an_error_stands_in_the_place_of_its_answer() {
    let bodies = [r#"{"id": 1}"#, r#"{"id": -1}"#, "{}", "", r#"{"id": 2}"#];
    let user = async move |Path(nth): Path<usize>| bodies[nth];
    let base = serve(Router::new().route("/{nth}", get(user))).await;
    let urls = [0, 1, 2, 3, 4].map(|nth| base.join(&nth.to_string()).unwrap());
    let users = fetch_all::<User>(test_client(), urls.into(), 2).await;
    let texts = users.iter().map(|user| match user {
        Ok(user) => user.id.to_string(),
        Err(error) => error.root_cause().to_string(),
    });
    let texts: Vec<_> = texts.collect();
    let expected = [
        "1",
        "invalid value: integer `-1`, expected u64 at line 1 column 9",
        "missing field `id` at line 1 column 2",
        "EOF while parsing a value at line 1 column 0",
        "2",
    ];
    assert_eq!(texts, expected);
}

#[tokio::test]
async fn a_byte_order_mark_is_skipped() {
    let router = Router::new()
        .route("/mark", get(async || "\u{feff}{\"id\": 7}"))
        .route("/empty", get(async || "\u{feff}"));
    let base = serve(router).await;
    let client = test_client();
    let user: User = fetch(client.clone(), base.join("mark").unwrap())
        .await
        .unwrap();
    assert_eq!(user, User { id: 7 });
    let empty = fetch::<User>(client.clone(), base.join("empty").unwrap()).await;
    assert!(empty.is_err());
}

#[tokio::test]
async fn only_2xx_is_an_answer() {
    let answer = async |Path(status): Path<u16>| {
        let status = StatusCode::from_u16(status).unwrap();
        (status, r#"{"id": 1}"#)
    };
    let base = serve(Router::new().route("/{status}", get(answer))).await;
    let client = test_client();
    for status in ["200", "300", "302", "404", "500", "999"] {
        let user = fetch::<User>(client.clone(), base.join(status).unwrap()).await;
        assert_eq!(user.is_ok(), status == "200", "{status}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_kept_connection_that_the_server_closes_costs_no_answer() {
    // Every connection answers one request, and is closed when the next one comes.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        loop {
            let (mut connection, _) = listener.accept().await.unwrap();
            tokio::spawn(async move {
                let mut request = [0; 1024];
                let _ = connection.read(&mut request).await;
                let answer = "HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\n{\"id\": 1}";
                let _ = connection.write_all(answer.as_bytes()).await;
                let _ = connection.read(&mut request).await;
            });
        }
    });
    let urls = vec![url.parse().unwrap(); 1000];
    for user in fetch_all::<User>(test_client(), urls, 8).await {
        assert_eq!(user.unwrap().id, 1);
    }
}
