use std::io::{self, ErrorKind, Read, Write};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process;
use std::thread;
use std::time::{Duration, Instant};

#[path = "../../src/bin/listener_client_auth.rs"]
#[allow(dead_code)]
mod program;
use program::{accept, connect};

const KEY: &[u8] = b"the key";

fn listen() -> (tempfile::TempDir, PathBuf, UnixListener) {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("socket");
    let listener = UnixListener::bind(&path).unwrap();
    (folder, path, listener)
}

/// What a client sees, and what the server sees.
fn meet(client_key: &[u8], server_key: &[u8]) -> (io::Result<UnixStream>, io::Result<UnixStream>) {
    let (_folder, path, listener) = listen();
    thread::scope(|scope| {
        let client = scope.spawn(|| connect(&path, client_key));
        let server = accept(&listener, server_key).map(|(stream, caller)| {
            assert_eq!(caller.pid(), process::id() as i32);
            stream
        });
        (client.join().unwrap(), server)
    })
}

#[test]
fn the_right_key_connects_both_ends() {
    let (client, server) = meet(KEY, KEY);
    server.unwrap().write_all(b"hello").unwrap();
    let mut text = String::new();
    client.unwrap().read_to_string(&mut text).unwrap();
    assert_eq!(text, "hello"); // and nothing of the handshake
}

#[test]
fn a_wrong_key_is_refused_on_both_ends() {
    let long = [7; 1000];
    for wrong in [&b""[..], b"the kez", b"the key ", &long] {
        let (client, server) = meet(wrong, KEY);
        assert_eq!(client.unwrap_err().kind(), ErrorKind::PermissionDenied);
        assert_eq!(server.unwrap_err().kind(), ErrorKind::PermissionDenied);
    }
}

#[test]
fn an_answer_that_was_overheard_does_not_work_again() {
    let (_folder, path, listener) = listen();
    thread::scope(|scope| {
        let server = scope.spawn(|| [accept(&listener, KEY), accept(&listener, KEY)]);

        // In between: passes everything on, and keeps the answer.
        let (_folder, path_between, between) = listen();
        let client = scope.spawn(move || connect(&path_between, KEY));
        let (mut to_client, _) = between.accept().unwrap();
        let mut to_server = UnixStream::connect(&path).unwrap();
        let mut challenge = [0; 32];
        let mut answer = [0; 32];
        to_server.read_exact(&mut challenge).unwrap();
        to_client.write_all(&challenge).unwrap();
        to_client.read_exact(&mut answer).unwrap();
        to_server.write_all(&answer).unwrap();
        to_client.write_all(&[1]).unwrap();
        client.join().unwrap().unwrap();

        let mut again = UnixStream::connect(&path).unwrap();
        again.write_all(&answer).unwrap();
        let [first, second] = server.join().unwrap();
        first.unwrap();
        assert_eq!(second.unwrap_err().kind(), ErrorKind::PermissionDenied);
    });
}

#[test]
fn a_caller_that_says_nothing_is_let_go_and_the_next_one_is_accepted() {
    let (_folder, path, listener) = listen();
    let _silent = UnixStream::connect(&path).unwrap();
    let start = Instant::now();
    let error = accept(&listener, KEY).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    assert!(start.elapsed() >= Duration::from_secs(5));

    drop(UnixStream::connect(&path).unwrap()); // hangs up
    let error = accept(&listener, KEY).unwrap_err();
    let kinds = [ErrorKind::UnexpectedEof, ErrorKind::BrokenPipe];
    assert!(kinds.contains(&error.kind()), "{error}");

    thread::scope(|scope| {
        let client = scope.spawn(|| connect(&path, KEY));
        accept(&listener, KEY).unwrap();
        client.join().unwrap().unwrap();
    });
}

#[test]
fn without_a_server_connect_fails() {
    let (_folder, path, listener) = listen();
    drop(listener);
    let error = connect(&path, KEY).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionRefused);
}
