//! `fanout` and `fanout_stream` against servers that misbehave: what is kept is counted, and no
//! verdict hangs on a clock, except that a wait gives up after [`PATIENCE`].
#![cfg(target_os = "linux")] // /proc, SIGINT

use std::io::{BufRead, BufReader, Read, Write, pipe};
use std::net::{TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::{Duration, Instant};
use std::{fs, iter, thread};

use futures::{Stream, StreamExt, stream};
use reqwest::{Client, Url};

#[allow(dead_code)]
#[path = "../src/bin/fanout.rs"]
mod fanout;
#[allow(dead_code)]
#[path = "../src/bin/fanout_stream.rs"]
mod fanout_stream;

const FANOUT: &str = env!("CARGO_BIN_EXE_fanout");
const STREAM: &str = env!("CARGO_BIN_EXE_fanout_stream");
const PATIENCE: Duration = Duration::from_secs(300);

// Every URL ends, and ends once.

const BAD: [(&str, &str); 8] = [
    ("reset", "Connection reset by peer (os error 104)"),
    ("hang", "operation timed out"),
    ("drip", "operation timed out"),
    ("short", "end of file before message length reached"),
    ("garbage", "invalid HTTP version parsed"),
    ("redirect", "too many redirects"),
    ("endless", "a body of more than 16777216 bytes"),
    ("dead", "Connection refused (os error 111)"),
];

#[test]
fn every_url_ends_once_fanout() {
    every_url_ends_once(|urls, args| run(Command::new(FANOUT).args(args).args(urls)));
}

#[test]
fn every_url_ends_once_fanout_stream() {
    every_url_ends_once(|urls, args| run_stream(&urls.join("\n"), args));
}

fn every_url_ends_once(fetch: impl Fn(&[String], &[&str]) -> Output) {
    let pages = Pages::serve();
    let (bad, sent) = misbehaving();
    let urls: Vec<_> = bad
        .into_iter()
        .chain([pages.url("ok"), pages.url("404")])
        .collect();
    let output = fetch(&urls, &["--timeout", "15"]);

    let mut expected: Vec<_> = iter::zip(&urls, BAD)
        .map(|(url, (_, cause))| format!("{url}: {cause}"))
        .collect();
    expected.push(format!(
        "{}: HTTP status client error (404 Not Found)",
        pages.url("404")
    ));
    let stderr = String::from_utf8(output.stderr).unwrap();
    let mut failed: Vec<_> = stderr.lines().collect();
    expected.sort();
    failed.sort();
    assert_eq!(failed, expected);
    assert_eq!(
        String::from_utf8_lossy(&output.stdout),
        "1 of 10 pages, 1024 bytes\n"
    );
    assert_eq!(output.status.code(), Some(1));
    let sent = sent.load(SeqCst);
    assert!(
        sent < 64 << 20,
        "{sent} bytes of the endless body were taken"
    );
}

/// One URL for each of [`BAD`], and how many bytes of the endless body were sent.
fn misbehaving() -> (Vec<String>, Arc<AtomicUsize>) {
    let sent = Arc::new(AtomicUsize::new(0));
    let sent_too = Arc::clone(&sent);
    let urls = BAD.map(|(name, _)| {
        let sent = Arc::clone(&sent);
        let answer = move |mut stream: TcpStream, address: &str| {
            if name == "reset" {
                // Closed with the request unread: the kernel answers with a reset.
                return stream.peek(&mut [0]).map(drop);
            }
            let mut reader = BufReader::new(stream.try_clone()?);
            read_request(&mut reader);
            match name {
                "drip" => {
                    write!(stream, "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n")?;
                    loop {
                        stream.write_all(b"x")?;
                        thread::sleep(Duration::from_secs(1));
                    }
                }
                "short" => {
                    write!(
                        stream,
                        "HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\nnot much"
                    )
                }
                "garbage" => stream.write_all(b"\x00\xff\x16 garbage\r\n\r\n"),
                "redirect" => write!(
                    stream,
                    "HTTP/1.1 302 Found\r\nlocation: http://{address}/again\r\n\
                     content-length: 0\r\nconnection: close\r\n\r\n"
                ),
                "endless" => {
                    write!(stream, "HTTP/1.1 200 OK\r\n\r\n")?;
                    loop {
                        sent.fetch_add(stream.write(&[b'x'; 8192])?, SeqCst);
                    }
                }
                _ => reader.read(&mut [0]).map(drop), // hang until the client hangs up
            }
        };
        match name {
            "dead" => {
                let address = TcpListener::bind("127.0.0.1:0")
                    .unwrap()
                    .local_addr()
                    .unwrap();
                format!("http://{address}/")
            }
            _ => serve(answer),
        }
    });
    (urls.into(), sent_too)
}

// Dropped, nothing goes on.

#[test]
fn dropped_after_the_first_fanout() {
    dropped_after_the_first(|client, urls| fanout::fan_out(client, urls, 8));
}

#[test]
fn dropped_after_the_first_fanout_stream() {
    dropped_after_the_first(|client, urls| {
        fanout_stream::fan_out(client, stream::iter(urls).map(Ok), 8).map(|page| {
            let (url, body) = page.unwrap();
            (url, Ok(body))
        })
    });
}

fn dropped_after_the_first<S: Stream<Item = (Url, anyhow::Result<bytes::Bytes>)>>(
    fan_out: impl FnOnce(Client, Vec<Url>) -> S,
) {
    let pages = Pages::serve();
    let urls = iter::once("ok").chain(iter::repeat_n("hang", 99));
    let urls = urls.map(|path| pages.url(path).parse().unwrap()).collect();
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let mut results = Box::pin(fan_out(Client::new(), urls));
        let (url, page) = results.next().await.unwrap();
        assert_eq!((url.path(), page.unwrap().len()), ("/ok", 1024));
        wait("all eight to have started", || {
            pages.hanging.load(SeqCst) == 7
        });
        drop(results);
        wait("nothing to be in flight", || {
            pages.hanging.load(SeqCst) == 0
        });
    });
    assert_eq!(
        pages.requests.load(SeqCst),
        8,
        "and nothing more was started"
    );
}

#[test]
fn a_limit_of_0_panics_instead_of_waiting_forever() {
    let refused = std::panic::catch_unwind(|| drop(fanout::fan_out(Client::new(), [], 0)));
    assert!(refused.is_err());
    let none = stream::empty();
    let refused = std::panic::catch_unwind(|| drop(fanout_stream::fan_out(Client::new(), none, 0)));
    assert!(refused.is_err());
}

// Ctrl-C.

#[test]
fn ctrl_c_in_the_middle_fanout() {
    let pages = Pages::serve();
    let urls = ["ok", "ok", "ok"]
        .into_iter()
        .chain(iter::repeat_n("hang", 10));
    let mut command = Command::new(FANOUT);
    command
        .args(urls.map(|path| pages.url(path)))
        .args(["--limit", "4", "--timeout", "9999"]);
    let child = start(&mut command);
    // Four hang: all three others have ended, since a fetch starts when another has ended.
    wait("four to hang", || pages.hanging.load(SeqCst) == 4);
    interrupt(&child);
    assert_ended(
        end(child),
        1,
        "interrupted: 3 of 13 pages, 3072 bytes\n",
        "",
    );
    wait("nothing to be in flight", || {
        pages.hanging.load(SeqCst) == 0
    });
}

#[test]
fn ctrl_c_in_the_middle_fanout_stream() {
    let pages = Pages::serve();
    let mut child = start(Command::new(STREAM).args(["--limit", "4", "--timeout", "9999"]));
    let mut stdin = child.stdin.take().unwrap(); // stays open
    for path in ["ok", "ok", "ok"]
        .into_iter()
        .chain(iter::repeat_n("hang", 10))
    {
        writeln!(stdin, "{}", pages.url(path)).unwrap();
    }
    wait("four to hang", || pages.hanging.load(SeqCst) == 4);
    interrupt(&child);
    assert_ended(end(child), 1, "interrupted: 3 of 7 pages, 3072 bytes\n", "");
    wait("nothing to be in flight", || {
        pages.hanging.load(SeqCst) == 0
    });
    drop(stdin);
}

#[test]
fn a_second_ctrl_c_ends_a_program_that_cannot_print() {
    for program in [FANOUT, STREAM] {
        let pages = Pages::serve();
        let (_reader, mut full) = pipe().unwrap();
        full.write_all(&[b'x'; 64 << 10]).unwrap(); // nobody reads: the summary has to wait
        let mut command = Command::new(program);
        command
            .args(["--timeout", "9999"])
            .stdin(Stdio::piped())
            .stdout(full);
        if program == FANOUT {
            command.arg(pages.url("hang"));
        }
        let mut child = command.spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        writeln!(stdin, "{}", pages.url("hang")).unwrap();
        wait("one to hang", || pages.hanging.load(SeqCst) == 1);
        interrupt(&child);
        wait("nothing to be in flight", || {
            pages.hanging.load(SeqCst) == 0
        });
        wait("the end", || {
            interrupt(&child);
            child.try_wait().unwrap().is_some()
        });
        assert_eq!(child.wait().unwrap().code(), Some(1));
    }
}

// Silent stdin.

#[test]
fn a_silent_stdin_holds_up_neither_a_page_nor_ctrl_c() {
    let pages = Pages::serve();
    let mut child = start(Command::new(STREAM).args(["--limit", "1"]));
    let mut stdin = child.stdin.take().unwrap(); // stays open
    writeln!(stdin, "{}", pages.url("ok")).unwrap();
    wait("the page to be asked for", || {
        pages.requests.load(SeqCst) == 1
    });

    // At a limit of 1 a line is taken when the page before it has ended.
    writeln!(stdin, "no url").unwrap();
    let mut stderr = BufReader::new(child.stderr.take().unwrap());
    let mut line = String::new();
    stderr.read_line(&mut line).unwrap();
    assert_eq!(line, "line 2: relative URL without a base\n");
    interrupt(&child);
    assert_ended(end(child), 1, "interrupted: 1 of 2 pages, 1024 bytes\n", "");
    drop(stdin);
}

#[test]
fn fanout_does_not_wait_for_stdin() {
    let pages = Pages::serve();
    let mut child = start(Command::new(FANOUT).arg(pages.url("ok")));
    let stdin = child.stdin.take();
    assert_ended(end(child), 0, "1 of 1 pages, 1024 bytes\n", "");
    drop(stdin);
}

// Memory.

#[test]
fn memory_for_100_000_urls_fanout() {
    let pages = Pages::serve();
    // All of them as arguments, which takes a larger stack than usual, and a shell to set it.
    let script = r#"ulimit -s 65536; exec "$0" --limit 100 $(seq -f "$1%g" 99999) "$2""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, FANOUT, &pages.url("p"), &pages.url("hold")]);
    let child = start(&mut command);
    assert_flat(&pages, &child, 100_000);
    assert_ended(
        end(child),
        0,
        "100000 of 100000 pages, 102400000 bytes\n",
        "",
    );
}

#[test]
fn memory_for_100_000_urls_fanout_stream() {
    let peaks = [1000, 100_000].map(|lines| {
        let pages = Pages::serve();
        let mut child = start(Command::new(STREAM).args(["--limit", "100"]));
        let mut stdin = child.stdin.take().unwrap();
        for n in 1..lines {
            writeln!(stdin, "{}", pages.url(&format!("p{n}"))).unwrap();
        }
        writeln!(stdin, "{}", pages.url("hold")).unwrap();
        drop(stdin);
        let peak = assert_flat(&pages, &child, lines);
        let summary = format!("{lines} of {lines} pages, {} bytes\n", lines * 1024);
        assert_ended(end(child), 0, &summary, "");
        peak
    });
    assert!(peaks[1] < peaks[0] + (8 << 10), "not flat: {peaks:?} KiB");
}

#[test]
fn memory_for_an_endless_line() {
    let pages = Pages::serve();
    let mut child = start(&mut Command::new(STREAM));
    let mut stdin = child.stdin.take().unwrap();
    for _ in 0..80 {
        stdin.write_all(&[b'x'; 1 << 20]).unwrap();
    }
    writeln!(stdin, "\n{}", pages.url("hold")).unwrap();
    drop(stdin);
    assert_flat(&pages, &child, 1);
    assert_ended(
        end(child),
        1,
        "1 of 2 pages, 1024 bytes\n",
        "line 1: too long\n",
    );
}

/// Waits for `requests`, of which the server holds the last one back, and looks at the memory of
/// the process while it is still there: its peak in KiB.
fn assert_flat(pages: &Pages, child: &Child, requests: usize) -> usize {
    wait("all pages", || pages.requests.load(SeqCst) == requests);
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let peak: usize = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    println!("{line} for {requests} requests");
    assert!(peak < 64 << 10, "peak memory: {peak} KiB");
    pages.release.send(()).unwrap();
    peak
}

// https, proxies, lines, wrong input.

#[test]
fn https_works() {
    let rcgen::CertifiedKey { cert, signing_key } =
        rcgen::generate_simple_self_signed(["127.0.0.1".into()]).unwrap();
    let key = rustls::pki_types::PrivatePkcs8KeyDer::from(signing_key.serialize_der());
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key.into())
        .unwrap();
    let config = Arc::new(config);
    let url = serve(move |stream, _| {
        let connection = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
        let mut reader = BufReader::new(rustls::StreamOwned::new(connection, stream));
        if read_request(&mut reader).is_none() {
            return Ok(()); // the client does not trust the certificate
        }
        write!(
            reader.get_mut(),
            "HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\nsecret"
        )?;
        reader.get_mut().conn.send_close_notify();
        reader.get_mut().flush()
    })
    .replace("http:", "https:");
    let trusted = format!("{}/fanout.pem", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&trusted, cert.pem()).unwrap();

    let output = run(Command::new(FANOUT)
        .arg(&url)
        .env("SSL_CERT_FILE", &trusted));
    assert_ended(output, 0, "1 of 1 pages, 6 bytes\n", "");
    let child = start(Command::new(STREAM).env("SSL_CERT_FILE", &trusted));
    writeln!(child.stdin.as_ref().unwrap(), "{url}").unwrap();
    assert_ended(end(child), 0, "1 of 1 pages, 6 bytes\n", "");

    let cause = format!("{url}: invalid peer certificate: UnknownIssuer\n");
    let distrusted = run(Command::new(FANOUT).arg(&url));
    assert_ended(distrusted, 1, "0 of 1 pages, 0 bytes\n", &cause);
}

#[test]
fn the_demo_servers_are_reached_whatever_http_proxy_says() {
    let dead = "http://127.0.0.1:9/";
    let output = run(Command::new(FANOUT).env("http_proxy", dead));
    let summary = "40 of 40 pages, 40960 bytes; the server saw 8 at once\n";
    assert_ended(output, 0, summary, "");
    let output = run(Command::new(STREAM)
        .args(["--demo", "40"])
        .env("http_proxy", dead));
    assert_ended(output, 0, "40 of 40 pages, 40960 bytes\n", "");
}

#[test]
fn bad_lines_are_named_and_the_others_go_on() {
    let pages = Pages::serve();
    let ok = pages.url("ok");
    let long = "x".repeat(10_000);
    let list = format!("# list\n\n{ok}\r\nno url\n  {ok}  \n{long}\n#{long}\n{ok}");
    let mut list = list.into_bytes();
    list.extend(b"\n\xff\n");
    let mut child = start(Command::new(STREAM).args(["--limit", "1"]));
    child.stdin.take().unwrap().write_all(&list).unwrap();
    let named = "line 4: relative URL without a base\nline 6: too long\n\
                 line 9: invalid utf-8 sequence of 1 bytes from index 0\n";
    assert_ended(end(child), 1, "3 of 6 pages, 3072 bytes\n", named);
}

#[test]
fn a_file_is_read_and_a_folder_is_not() {
    let pages = Pages::serve();
    let list = format!("{}/fanout.txt", env!("CARGO_TARGET_TMPDIR"));
    fs::write(&list, pages.url("ok")).unwrap();
    let output = run(Command::new(STREAM).args(["--from", &list]));
    assert_ended(output, 0, "1 of 1 pages, 1024 bytes\n", "");
    for (path, cause) in [
        ("/", "Is a directory (os error 21)"),
        ("/no such file", "No such file or directory (os error 2)"),
    ] {
        let output = run(Command::new(STREAM).args(["--from", path]));
        assert_ended(output, 2, "", &format!("error: {path}: {cause}\n"));
    }
}

#[test]
fn wrong_input_is_one_line() {
    for program in [FANOUT, STREAM] {
        for args in [
            ["--limit", "0"],
            ["--limit", "x"],
            ["--timeout", "0"],
            ["--timeout", "nan"],
        ]
        .iter()
        .chain(&[
            ["--timeout", "1e99"],
            ["--timeout=-1", "--limit=2"],
            ["--no", "such"],
        ]) {
            let output = run(Command::new(program).args(args));
            let stderr = String::from_utf8(output.stderr).unwrap();
            assert!(stderr.starts_with("error: "), "{args:?}: {stderr}");
            assert_eq!(stderr.lines().count(), 1, "{args:?}: {stderr}");
            assert_eq!(
                (output.status.code(), output.stdout),
                (Some(2), vec![]),
                "{args:?}"
            );
        }
    }
    assert_eq!(
        run(Command::new(FANOUT).arg("no url")).status.code(),
        Some(2)
    );
}

#[test]
fn a_password_is_not_printed() {
    let pages = Pages::serve();
    let url = pages.url("404").replace("//", "//user:secret@");
    let failed = format!(
        "{}: HTTP status client error (404 Not Found)\n",
        pages.url("404")
    );
    let output = run(Command::new(FANOUT).arg(&url));
    assert_ended(output, 1, "0 of 1 pages, 0 bytes\n", &failed);
    assert_ended(run_stream(&url, &[]), 1, "0 of 1 pages, 0 bytes\n", &failed);
}

#[test]
fn nobody_listens() {
    let pages = Pages::serve();
    for program in [FANOUT, STREAM] {
        let (reader, writer) = pipe().unwrap();
        drop(reader);
        let mut command = Command::new(program);
        if program == FANOUT {
            command.args([pages.url("ok"), pages.url("404")]);
        }
        command
            .stdin(Stdio::piped())
            .stdout(writer.try_clone().unwrap())
            .stderr(writer);
        let child = command.spawn().unwrap();
        // `fanout` may end before it is told anything.
        let _ = write!(
            child.stdin.as_ref().unwrap(),
            "{}\nno url\n",
            pages.url("ok")
        );
        assert_eq!(end(child).status.code(), Some(1), "no panic: {program}");
    }
}

// Programs.

/// Starts it with its ends in our hands, and an environment that holds nothing up.
fn start(command: &mut Command) -> Child {
    for name in [
        "http_proxy",
        "HTTP_PROXY",
        "https_proxy",
        "HTTPS_PROXY",
        "all_proxy",
        "ALL_PROXY",
    ] {
        if !command.get_envs().any(|(set, _)| set == name) {
            command.env_remove(name);
        }
    }
    command.env("RUST_BACKTRACE", "1");
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    command.spawn().unwrap()
}

/// Waits for the end, with its stdin closed; kills what does not end.
fn end(child: Child) -> Output {
    let pid = child.id();
    let (sender, output) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    output
        .recv_timeout(PATIENCE)
        .map(Result::unwrap)
        .unwrap_or_else(|_| {
            signal("-KILL", pid);
            panic!("it does not end")
        })
}

fn run(command: &mut Command) -> Output {
    end(start(command))
}

fn run_stream(list: &str, args: &[&str]) -> Output {
    let child = start(Command::new(STREAM).args(args));
    child
        .stdin
        .as_ref()
        .unwrap()
        .write_all(list.as_bytes())
        .unwrap();
    end(child)
}

fn interrupt(child: &Child) {
    signal("-INT", child.id());
}

fn signal(signal: &str, pid: u32) {
    assert!(
        Command::new("sh")
            .args(["-c", "kill $0 $1", signal, &pid.to_string()])
            .status()
            .unwrap()
            .success()
    );
}

#[track_caller]
fn assert_ended(output: Output, code: i32, stdout: &str, stderr: &str) {
    let text = |bytes| String::from_utf8(bytes).unwrap();
    let (out, err) = (text(output.stdout), text(output.stderr));
    assert_eq!((out.as_str(), err.as_str()), (stdout, stderr));
    assert_eq!(output.status.code(), Some(code));
}

#[track_caller]
fn wait(what: &str, mut come: impl FnMut() -> bool) {
    let start = Instant::now();
    while !come() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}

// Servers.

/// A server of pages of 1 KiB; `/404` is none, `/hang` never answers, `/hold` waits for `release`.
struct Pages {
    address: String,
    requests: Arc<AtomicUsize>,
    hanging: Arc<AtomicUsize>,
    release: mpsc::Sender<()>,
}

impl Pages {
    fn serve() -> Pages {
        let (requests, hanging) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
        let (release, released) = mpsc::channel();
        let released = std::sync::Mutex::new(released);
        let (seen, stuck) = (Arc::clone(&requests), Arc::clone(&hanging));
        let address = serve(move |mut stream, _| {
            let mut reader = BufReader::new(stream.try_clone()?);
            while let Some(path) = read_request(&mut reader) {
                seen.fetch_add(1, SeqCst);
                let status = if path == "/404" {
                    "404 Not Found"
                } else {
                    "200 OK"
                };
                if path == "/hang" {
                    stuck.fetch_add(1, SeqCst);
                    let _ = reader.read(&mut [0]); // until the client hangs up
                    stuck.fetch_sub(1, SeqCst);
                    break;
                }
                if path == "/hold" {
                    let _ = released.lock().unwrap().recv();
                }
                let head = format!("HTTP/1.1 {status}\r\ncontent-length: 1024\r\n\r\n");
                stream.write_all(&[head.as_bytes(), &[b'x'; 1024]].concat())?;
            }
            Ok(())
        });
        Pages {
            address,
            requests,
            hanging,
            release,
        }
    }

    fn url(&self, path: &str) -> String {
        format!("{}{path}", self.address)
    }
}

/// Answers each connection with `answer`, on a thread of its own; returns the URL.
fn serve(
    answer: impl Fn(TcpStream, &str) -> std::io::Result<()> + Send + Sync + 'static,
) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap().to_string();
    let url = format!("http://{address}/");
    let answer = Arc::new(answer);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let (answer, address) = (Arc::clone(&answer), address.clone());
            thread::spawn(move || answer(stream, &address)); // an error: the client hung up
        }
    });
    url
}

/// Reads a request without a body; the path it asks for, or nothing if the client hangs up.
fn read_request(reader: &mut impl BufRead) -> Option<String> {
    let mut lines = reader.lines().map_while(Result::ok);
    let path = lines.next()?.split(' ').nth(1)?.to_owned();
    lines.find(|line| line.is_empty()).map(|_| path)
}
