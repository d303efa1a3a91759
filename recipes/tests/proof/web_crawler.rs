use std::collections::HashMap;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use reqwest::{Client, Url};

#[path = "../../src/bin/web_crawler.rs"]
#[allow(dead_code)]
mod program;
use program::{Page, client, crawl, fetch};

/// Serves by `answer`, which gets the path of a request and returns the whole response.
fn serve(answer: impl Fn(&str) -> Vec<u8> + Clone + Send + 'static) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let mut connection = connection.unwrap();
            let answer = answer.clone();
            thread::spawn(move || {
                if let Some(path) = read_request(&connection) {
                    let answer = answer(&path);
                    connection.write_all(&answer).unwrap();
                    if !answer.windows(5).any(|word| word == b"close") {
                        read_request(&connection); // another request gets no answer
                    }
                }
            });
        }
    });
    Url::parse(&format!("http://{address}/")).unwrap()
}

/// Reads a request, and returns its path.
fn read_request(connection: &TcpStream) -> Option<String> {
    let mut path = None;
    for line in BufReader::new(connection).lines() {
        let line = line.ok()?;
        if line.is_empty() {
            return path;
        }
        if path.is_none() {
            path = line.split(' ').nth(1).map(str::to_owned);
        }
    }
    None
}

fn response(head: &[u8], body: &[u8]) -> Vec<u8> {
    let length = format!("\r\nContent-Length: {}\r\n\r\n", body.len());
    [b"HTTP/1.1 ", head, length.as_bytes(), body].concat()
}

fn html(body: &str) -> Vec<u8> {
    response(b"200 OK\r\nContent-Type: text/html", body.as_bytes())
}

fn test_client() -> Client {
    let client = client(Duration::from_secs(30)).no_proxy();
    client.build().unwrap()
}

/// The path, the depth, and the number of links or the error of each page.
type Visited = Vec<(String, usize, Result<usize, String>)>;

async fn crawl_all(start: Url, depth: usize, pages: usize) -> Visited {
    let mut visited = Vec::new();
    crawl(&test_client(), start, depth, pages, |url, depth, page| {
        let path = url.path().to_owned();
        let links = page.map(|page| page.links.len());
        visited.push((path, depth, links.map_err(|error| error.to_string())));
    })
    .await;
    visited.sort();
    visited
}

fn paths(visited: &Visited) -> Vec<&str> {
    visited.iter().map(|(path, ..)| path.as_str()).collect()
}

#[tokio::test]
async fn links_are_those_that_a_browser_finds() {
    const HTML: &[u8] = b"text/html";
    let gzip = b"\x1f\x8b\x08\x00\x00\x00\x00\x00\x02\x03\xb3\x49\x54\xc8\x28\x4a\x4d\xb3\xd5\xcf\xcf\x4b\xb5\x33\xb4\xd1\x4f\xb4\x03\x00\xec\xdc\xb9\xed\x12\x00\x00\x00";
    let cases: [(&[u8], &[u8], &[&str]); 24] = [
        (b"text/html; charset=iso-8859-1", b"<a href='caf\xe9'>", &["/dir/caf%C3%A9"]),
        (b"text/html; charset=\"Latin1\"; x=y", b"<a href='\xe9'>", &["/dir/%C3%A9"]),
        (b"text/html; name=\xe9", b"<a href=/one>", &["/one"]),
        (HTML, b"<a href='\xe9'>", &["/dir/%C3%A9"]),
        (HTML, "<a href='\u{e9}'>".as_bytes(), &["/dir/%C3%A9"]),
        (HTML, b"<meta charset=shift_jis><a href='\x93\xfa'>", &["/dir/%E6%97%A5"]),
        (
            HTML,
            b"<meta http-equiv=Content-Type content='text/html; charset=shift_jis'><a href='\x93\xfa'>",
            &["/dir/%E6%97%A5"],
        ),
        (
            HTML,
            b"<!-- <meta charset=utf-8> --><script charset=utf-8></script><meta charset=latin1><a href='\xe9'>",
            &["/dir/%C3%A9"],
        ),
        (HTML, b"<meta charset=utf-16><a href=/one>", &["/one"]),
        (b"text/html; charset=latin1", b"\xef\xbb\xbf<a href='\xc3\xa9'>", &["/dir/%C3%A9"]),
        (HTML, b"\xff\xfe<\0a\0 \0h\0r\0e\0f\0=\0x\0>\0", &["/dir/x"]),
        (b"text/html; charset=latin1", b"<a href='?q=\xe9'>", &["/dir/?q=%E9"]),
        (HTML, b"<svg><title/><path/></svg><a href=/one>", &["/one"]),
        (HTML, b"<svg><style/></svg><a href=/one>", &["/one"]),
        (HTML, b"<svg><a xlink:href=/one></a><a href=/two></a></svg>", &["/one", "/two"]),
        (HTML, b"<noscript><a href=/one>1</a></noscript>", &["/one"]),
        (HTML, b"<a href=one>1</a><base target=x><base href=/a/><base href=/b/>", &["/a/one"]),
        (HTML, b"<base href='javascript:void(0)'><a href=one>", &["/dir/one"]),
        (b"", b"<a href=/one>", &["/one"]),
        (b"application/xhtml+xml", b"<a href='/one'>1</a>", &["/one"]),
        (b"TEXT/HTML\r\nContent-Encoding: gzip", gzip, &["/one"]),
        (b"text/plain", b"<a href=/one>", &[]),
        (
            HTML,
            b"<script>'<a href=/x>'</script><!-- <a href=/y> --><a href='/a?b=1&amp;c=2#d'><area href=/e><a>",
            &["/a?b=1&c=2", "/e"],
        ),
        (HTML, b"<a href='http://[::1/'><a href='mailto:a@b.example'>", &["mailto:a@b.example"]),
    ];
    for (content_type, body, expected) in cases {
        let mut head = b"200 OK".to_vec();
        if !content_type.is_empty() {
            head.extend(b"\r\nContent-Type: ");
            head.extend(content_type);
        }
        let answer = response(&head, body);
        let base = serve(move |_| answer.clone());
        let url = base.join("dir/").unwrap();
        let page = fetch(&test_client(), &url).await.unwrap();
        let mut links = Vec::new();
        for link in expected {
            links.push(url.join(link).unwrap());
        }
        assert_eq!(page.links, links, "{}", body.escape_ascii());
    }
}

#[tokio::test]
async fn every_page_is_asked_for_once() {
    let asked = Arc::new(Mutex::new(HashMap::new()));
    let count = asked.clone();
    let start = serve(move |path| {
        *count.lock().unwrap().entry(path.to_owned()).or_insert(0) += 1;
        let mut page = String::new();
        for other in 0..12 {
            page += &format!("<a href=/{other}>x</a> <a href=/{other}#part>x</a>");
        }
        html(&page)
    });
    let start = start.join("0#start").unwrap();
    let visited = crawl_all(start, 9, 1000).await;
    assert_eq!(visited.len(), 12);
    let asked = asked.lock().unwrap();
    assert_eq!(asked.len(), 12);
    assert!(asked.values().all(|&times| times == 1), "{asked:?}");
}

#[tokio::test]
async fn it_goes_no_deeper_and_no_further_than_it_was_told() {
    let elsewhere = serve(|_| html(""));
    let other = elsewhere.clone();
    let start = serve(move |path| match path {
        "/" => html(&format!(
            "<a href=/1>1</a><a href={other}>x</a><a href=ftp://127.0.0.1/>x</a>"
        )),
        "/1" => response(b"302 Found\r\nLocation: /\xe9", b""),
        "/%E9" => html("<a href=/3>3</a>"),
        "/3" => response(format!("302 Found\r\nLocation: {other}").as_bytes(), b""),
        _ => response(b"404 Not Found", b""),
    });
    let visited = crawl_all(start.clone(), 9, 1000).await;
    assert_eq!(paths(&visited), ["/", "/%E9", "/1", "/3"]);
    for (path, depth, links) in visited {
        let expected = ["/", "/1", "/%E9", "/3"];
        assert_eq!(path, expected[depth]);
        assert!(links.is_ok(), "{path}");
    }
    assert_eq!(paths(&crawl_all(start.clone(), 1, 1000).await), ["/", "/1"]);
    assert_eq!(paths(&crawl_all(start.clone(), 0, 1000).await), ["/"]);
    assert_eq!(paths(&crawl_all(start, 9, 3).await), ["/", "/%E9", "/1"]);
}

#[tokio::test]
async fn a_page_that_cannot_be_read_is_an_error_and_the_others_arrive() {
    let start = serve(|path| {
        let head = "200 OK\r\nContent-Type: text/html";
        match path {
            "/" => html(
                "<a href=missing></a><a href=nowhere></a><a href=unchanged></a><a href=packed></a>
                 <a href=broken></a><a href=short></a><a href=large></a><a href=good></a>",
            ),
            "/nowhere" => response(b"302 Found", b""),
            "/unchanged" => response(b"304 Not Modified", b""),
            "/packed" => response(format!("{head}\r\nContent-Encoding: zstd").as_bytes(), b"x"),
            "/broken" => response(format!("{head}\r\nContent-Encoding: gzip").as_bytes(), b"x"),
            "/short" => {
                format!("HTTP/1.1 {head}\r\nContent-Length: 9\r\nConnection: close\r\n\r\nx").into()
            }
            "/large" => response(head.as_bytes(), &vec![b' '; (16 << 20) + 1]),
            "/good" => html(""),
            _ => response(b"404 Not Found", b""),
        }
    });
    let visited = crawl_all(start, 9, 1000).await;
    assert_eq!(visited.len(), 9);
    for (path, _, links) in visited {
        assert_eq!(
            links.is_ok(),
            path == "/" || path == "/good",
            "{path}: {links:?}"
        );
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closes_costs_no_page() {
    let start = serve(|path| match path {
        "/9" => html(""),
        _ => {
            let page = path[1..].parse().unwrap_or(0);
            html(&format!("<a href=/{}>next</a>", page + 1))
        }
    });
    let visited = crawl_all(start, 20, 1000).await;
    assert_eq!(visited.len(), 10);
    assert!(
        visited.iter().all(|(_, _, links)| links.is_ok()),
        "{visited:?}"
    );
}

#[tokio::test]
async fn a_page_comes_with_its_text() {
    let answer = response(
        b"200 OK\r\nContent-Type: text/html; charset=latin1",
        b"caf\xe9",
    );
    let url = serve(move |_| answer.clone());
    let Page { html, links } = fetch(&test_client(), &url).await.unwrap();
    assert_eq!(html, "caf\u{e9}");
    assert!(links.is_empty());
}
