use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, Barrier};
use std::thread;
use std::time::Duration;

use reqwest::{Client, Url};

#[path = "../../src/bin/site_status_checker.rs"]
#[allow(dead_code)]
mod program;
use program::{Health, check, check_all, client};

const PATIENCE: Duration = Duration::from_secs(30);

/// Serves each connection on a thread, by `answer`, which gets the head of the request.
fn serve(answer: impl Fn(&str, &mut TcpStream) + Clone + Send + 'static) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let answer = answer.clone();
            thread::spawn(move || {
                let head = read_head(&connection);
                answer(&head, &mut connection);
            });
        }
    });
    Url::parse(&format!("http://{address}/")).unwrap()
}

fn read_head(connection: &TcpStream) -> String {
    let mut head = String::new();
    for line in BufReader::new(connection).lines() {
        match line {
            Ok(line) if !line.is_empty() => head += &(line.to_lowercase() + "\n"),
            _ => break,
        }
    }
    head
}

fn reply(connection: &mut TcpStream, head: &[u8]) {
    connection.write_all(b"HTTP/1.1 ").unwrap();
    connection.write_all(head).unwrap();
    let end = b"\r\nConnection: close\r\nContent-Length: 0\r\n\r\n";
    connection.write_all(end).unwrap();
}

fn test_client() -> Client {
    client().no_proxy().build().unwrap()
}

#[tokio::test]
async fn a_site_is_up_only_with_a_status_of_2xx() {
    let cases: [(&[u8], Health); 12] = [
        (b"200 OK", Health::Up),
        (b"204 No Content", Health::Up),
        (b"404 Not Found", Health::Missing),
        (b"410 Gone", Health::Missing),
        (b"403 Forbidden", Health::Failing),
        (b"503 Service Unavailable", Health::Failing),
        (b"302 Found", Health::Failing),
        (b"302 Found\r\nLocation: /", Health::Failing),
        (b"300 Multiple Choices", Health::Failing),
        (b"304 Not Modified", Health::Failing),
        (b"999 Denied", Health::Failing),
        (b"101 Switching Protocols\r\nUpgrade: x", Health::Failing),
    ];
    for (head, health) in cases {
        let url = serve(move |_, connection| reply(connection, head));
        let check = check(&test_client(), url, PATIENCE).await;
        assert_eq!(check.health, health, "{}", head.escape_ascii());
    }
}

#[tokio::test]
async fn it_asks_as_a_browser_does_before_a_site_is_called_down() {
    let url = serve(|request, connection| {
        if !request.starts_with("get ") {
            reply(connection, b"405 Method Not Allowed");
        } else if !request.contains("user-agent: mozilla/5.0") {
            reply(connection, b"403 Forbidden");
        } else if !request.contains("cookie: seen=yes") {
            reply(
                connection,
                b"302 Found\r\nSet-Cookie: seen=yes\r\nLocation: /caf\xe9",
            );
        } else if request.starts_with("get /caf%e9 ") {
            reply(connection, b"200 OK");
        } else {
            reply(connection, b"404 Not Found");
        }
    });
    let check = check(&test_client(), url, PATIENCE).await;
    assert_eq!(check.health, Health::Up, "{}", check.reason);
}

#[tokio::test]
async fn a_broken_answer_is_failing_and_none_is_silent() {
    let broken = serve(|_, connection| connection.write_all(b"what?\r\n\r\n").unwrap());
    let closed = serve(|_, _| {});
    for url in [broken, closed] {
        let check = check(&test_client(), url, PATIENCE).await;
        assert_eq!(check.health, Health::Failing, "{}", check.reason);
    }

    let hangs = serve(|_, connection| drop(read_head(connection)));
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let refused = Url::parse(&format!("http://{}/", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    for url in [hangs, refused] {
        let check = check(&test_client(), url, Duration::from_millis(300)).await;
        assert_eq!(check.health, Health::Silent, "{}", check.reason);
    }
}

#[tokio::test]
async fn redirects_count_for_the_time_of_a_site() {
    let redirects = Arc::new(AtomicUsize::new(0));
    let count = redirects.clone();
    let url = serve(move |_, connection| {
        count.fetch_add(1, SeqCst);
        thread::sleep(Duration::from_millis(50));
        reply(connection, b"302 Found\r\nLocation: /\xe9");
    });
    let check = check(&test_client(), url, Duration::from_millis(120)).await;
    assert_eq!(check.health, Health::Silent);
    assert!(redirects.load(SeqCst) <= 3);
}

#[tokio::test]
async fn the_limit_is_reached_and_kept_and_the_order_is_that_of_the_urls() {
    let here = Arc::new(AtomicUsize::new(0));
    let most = Arc::new(AtomicUsize::new(0));
    let gate = Arc::new(Barrier::new(3));
    let url = serve({
        let most = most.clone();
        move |_, connection| {
            let now = here.fetch_add(1, SeqCst) + 1;
            most.fetch_max(now, SeqCst);
            gate.wait(); // three at once, or nobody gets an answer
            here.fetch_sub(1, SeqCst);
            reply(connection, b"200 OK");
        }
    });
    let mut urls = Vec::new();
    for page in 0..9 {
        urls.push(url.join(&page.to_string()).unwrap());
    }
    let checks = check_all(&test_client(), urls.clone(), 3, PATIENCE).await;
    for (check, url) in checks.iter().zip(urls) {
        assert_eq!(check.url, url);
        assert_eq!(check.health, Health::Up, "{}", check.reason);
    }
    assert_eq!(most.load(SeqCst), 3);
}
