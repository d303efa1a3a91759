use std::fs;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures::StreamExt;
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget};
use reqwest::{Client, Url};
use tempfile::tempdir;
use tokio::time::{Instant, advance, pause, resume, sleep};

#[path = "../../src/bin/download_files.rs"]
#[allow(dead_code)]
mod program;
use program::{client, download, download_all};

/// Serves each connection on a thread, by `answer`, which gets the path of the request.
fn serve(answer: impl Fn(&str, TcpStream) + Clone + Send + 'static) -> Url {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    thread::spawn(move || {
        for connection in listener.incoming() {
            let connection = connection.unwrap();
            let answer = answer.clone();
            thread::spawn(move || {
                if let Some(path) = read_request(&connection) {
                    answer(&path, connection);
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

fn reply(mut connection: TcpStream, head: &[u8], body: &str) {
    connection.write_all(b"HTTP/1.1 ").unwrap();
    connection.write_all(head).unwrap();
    let length = body.len();
    write!(
        connection,
        "\r\nConnection: close\r\nContent-Length: {length}\r\n\r\n{body}"
    )
    .unwrap();
}

fn test_client() -> Client {
    client().no_proxy().build().unwrap()
}

fn names(folder: &Path) -> Vec<String> {
    let mut names = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        names.push(entry.unwrap().file_name().into_string().unwrap());
    }
    names.sort();
    names
}

#[tokio::test]
async fn only_an_answer_of_2xx_is_a_file() {
    let base = serve(|path, connection| {
        let head: &[u8] = match path {
            "/nowhere" => b"302 Found",
            "/bad" => b"302 Found\r\nLocation: http://[::1/x",
            "/file" => b"302 Found\r\nLocation: file:///etc/hostname",
            "/choices" => b"300 Multiple Choices",
            "/unchanged" => b"304 Not Modified",
            "/missing" => b"404 Not Found",
            "/denied" => b"999 Denied",
            _ => b"101 Switching Protocols\r\nUpgrade: x",
        };
        reply(connection, head, "");
    });
    let folder = tempdir().unwrap();
    let bar = ProgressBar::hidden();
    let paths = "nowhere bad file choices unchanged missing denied switched";
    for name in paths.split(' ') {
        let path = folder.path().join(name);
        let url = base.join(name).unwrap();
        let error = download(&test_client(), url, &path, &bar).await;
        error.expect_err(name);
    }
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn a_redirect_to_raw_bytes_is_followed() {
    let base = serve(|path, connection| match path {
        "/moved" => reply(connection, b"302 Found\r\nLocation: /caf\xe9#x", ""),
        "/caf%E9" => reply(connection, b"200 OK", "the file"),
        _ => reply(connection, b"404 Not Found", ""),
    });
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    let url = base.join("moved").unwrap();
    download(&test_client(), url, &path, &ProgressBar::hidden())
        .await
        .unwrap();
    assert_eq!(fs::read_to_string(path).unwrap(), "the file");
}

#[tokio::test]
async fn urls_with_the_same_name_become_files_of_their_own() {
    let base = serve(|path, connection| reply(connection, b"200 OK", path));
    let folder = tempdir().unwrap();
    let long = format!("{}.iso", "x".repeat(300));
    let paths = [
        "get?id=1",
        "get?id=2",
        "a/GET",
        "a/",
        "b/c:d*",
        &long,
        "%C3%A9%2F",
    ];
    let urls = paths.iter().map(|path| base.join(path).unwrap()).collect();
    let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
    let into = folder.path().to_owned();
    let files: Vec<_> = download_all(test_client(), urls, into, 3, bars)
        .collect()
        .await;

    assert_eq!(files.len(), 7);
    for (url, path) in files {
        let content = fs::read_to_string(path.unwrap()).unwrap();
        assert!(url.as_str().ends_with(&content), "{url} has {content}");
    }
    let long = format!("{}.iso", "x".repeat(196));
    let expected = [
        "%C3%A9%2F",
        "2-get",
        "3-GET",
        "c_d_",
        "get",
        "index.html",
        &long,
    ];
    assert_eq!(names(folder.path()), expected);
}

#[tokio::test]
async fn a_file_that_exists_is_kept() {
    let base = serve(|_, connection| reply(connection, b"200 OK", "new"));
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    fs::write(&path, "old").unwrap();
    let result = download(&test_client(), base, &path, &ProgressBar::hidden()).await;
    assert!(result.is_err());
    assert_eq!(fs::read_to_string(&path).unwrap(), "old");
    assert_eq!(names(folder.path()), ["file"]);
}

/// Sends half of a file, and the other half for every message: nothing more is sent at the end.
fn serve_half() -> (Url, mpsc::Sender<()>) {
    let (more, wait) = mpsc::channel();
    let wait = std::sync::Arc::new(std::sync::Mutex::new(wait));
    let base = serve(move |_, mut connection| {
        let head = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
        write!(connection, "{head}a").unwrap();
        for () in wait.lock().unwrap().iter() {
            connection.write_all(b"b").unwrap();
        }
    });
    (base, more)
}

async fn until(condition: impl Fn() -> bool) {
    while !condition() {
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_connection_that_breaks_leaves_nothing_behind() {
    let (base, more) = serve_half();
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    let bar = ProgressBar::hidden();
    let broken = async {
        until(|| bar.position() == 1).await;
        assert_eq!(names(folder.path()).len(), 1, "a temporary file");
        drop(more);
    };
    let client = test_client();
    let (result, ()) = tokio::join!(download(&client, base, &path, &bar), broken);
    assert!(result.is_err());
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn dropping_the_stream_leaves_nothing_behind() {
    let (base, _more) = serve_half();
    let folder = tempdir().unwrap();
    let bars = MultiProgress::with_draw_target(ProgressDrawTarget::hidden());
    let into = folder.path().to_owned();
    let files = download_all(test_client(), vec![base], into, 1, bars);
    let stop = until(|| !names(folder.path()).is_empty());
    let files: Vec<_> = files.take_until(Box::pin(stop)).collect().await;
    assert!(files.is_empty());
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn a_file_may_take_long_but_a_server_that_is_silent_for_10_s_has_failed() {
    let (base, more) = serve_half();
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    let bar = ProgressBar::hidden();
    let task = tokio::spawn({
        let bar = bar.clone();
        async move { download(&test_client(), base, &path, &bar).await }
    });
    for received in 1..=3 {
        until(|| bar.position() == received).await;
        pause();
        advance(Duration::from_secs(6)).await;
        resume();
        if received < 3 {
            more.send(()).unwrap();
        }
    }
    assert!(!task.is_finished(), "18 s, but never 10 of silence");
    pause();
    let start = Instant::now();
    let error = task.await.unwrap().unwrap_err();
    assert_eq!(error.to_string(), "the server was silent for 10s");
    assert!(start.elapsed() <= Duration::from_secs(4));
    assert!(names(folder.path()).is_empty());
}

#[tokio::test]
async fn there_is_no_percentage_of_an_unknown_length() {
    let base = serve(|path, mut connection| match path {
        "/known" => reply(connection, b"200 OK", "file"),
        _ => connection
            .write_all(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nfile")
            .unwrap(),
    });
    let folder = tempdir().unwrap();
    for (name, length) in [("known", Some(4)), ("unknown", None)] {
        let bar = ProgressBar::no_length();
        bar.set_draw_target(ProgressDrawTarget::hidden());
        let url = base.join(name).unwrap();
        let path = folder.path().join(name);
        download(&test_client(), url, &path, &bar).await.unwrap();
        assert_eq!(bar.length(), length);
        assert_eq!(bar.position(), 4);
    }
}

#[tokio::test]
async fn a_kept_connection_that_the_server_closes_costs_no_file() {
    let base = serve(|path, mut connection| {
        let length = path.len();
        let head = format!("HTTP/1.1 200 OK\r\nContent-Length: {length}\r\n\r\n");
        write!(connection, "{head}{path}").unwrap();
        read_request(&connection); // another one on the same connection gets no answer
    });
    let folder = tempdir().unwrap();
    let client = test_client();
    for name in ["1", "2", "3"] {
        let path = folder.path().join(name);
        let url = base.join(name).unwrap();
        let bar = ProgressBar::hidden();
        download(&client, url, &path, &bar).await.unwrap();
    }
    assert_eq!(names(folder.path()), ["1", "2", "3"]);
}

#[cfg(unix)]
#[tokio::test]
async fn others_may_read_the_file_as_they_may_any_new_file() {
    use std::os::unix::fs::PermissionsExt;

    let base = serve(|_, connection| reply(connection, b"200 OK", ""));
    let folder = tempdir().unwrap();
    let path = folder.path().join("file");
    let bar = ProgressBar::hidden();
    download(&test_client(), base, &path, &bar).await.unwrap();
    let other = folder.path().join("other");
    fs::write(&other, "").unwrap();
    let mode = |path| fs::metadata(path).unwrap().permissions().mode();
    assert_eq!(mode(path), mode(other));
}
