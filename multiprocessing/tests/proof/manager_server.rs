use std::io::{ErrorKind, Read, Write};
use std::net::Shutdown;
use std::os::fd::OwnedFd;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::process::{Child, Command};
use std::thread;

#[path = "../../src/bin/manager_server.rs"]
#[allow(dead_code)]
mod program;
use program::ListProxy;

/// The program as a server, which is killed and reaped when this is dropped.
struct Server {
    process: Child,
    folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        let process = Command::new(env!("CARGO_BIN_EXE_manager_server"))
            .arg("server")
            .stdin(OwnedFd::from(listener))
            .spawn()
            .unwrap();
        Self { process, folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn connect(&self) -> ListProxy {
        ListProxy::connect(&self.path()).unwrap()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

#[test]
fn what_one_client_pushes_others_get() {
    let server = Server::start();
    let mut one = server.connect();
    let mut other = server.connect();
    assert_eq!(other.length().unwrap(), 0);
    for text in ["", "two\nlines \"quoted\"", "ü"] {
        one.push(text).unwrap();
        let last = other.length().unwrap() - 1;
        assert_eq!(other.get(last).unwrap().as_deref(), Some(text));
    }
    assert_eq!(other.get(3).unwrap(), None);
}

#[test]
fn a_limit_is_kept_when_it_is_one_request() {
    let server = Server::start();
    let pushed: usize = thread::scope(|scope| {
        let clients: Vec<_> = (0..8)
            .map(|_| {
                scope.spawn(|| {
                    let mut list = server.connect();
                    let pushes = (0..200).map(|_| list.push_if_shorter("x", 100).unwrap());
                    pushes.filter(|pushed| *pushed).count()
                })
            })
            .collect();
        clients
            .into_iter()
            .map(|client| client.join().unwrap())
            .sum()
    });
    assert_eq!(pushed, 100);
    assert_eq!(server.connect().length().unwrap(), 100);
}

#[test]
fn a_client_that_dies_in_a_request_or_sends_nonsense_changes_nothing_and_stops_nobody() {
    let server = Server::start();
    let mut list = server.connect();
    list.push("whole").unwrap();
    for nonsense in [
        &b"{\"Push\":\"ha"[..],
        b"hello\n",
        b"\xff\n",
        b"{\"Pop\":null}\n",
        b"",
    ] {
        let mut client = UnixStream::connect(server.path()).unwrap();
        client.write_all(nonsense).unwrap();
        client.shutdown(Shutdown::Write).unwrap();
        let mut answer = Vec::new();
        client.read_to_end(&mut answer).unwrap(); // the server hangs up
        assert!(answer.is_empty());
    }
    assert_eq!(list.length().unwrap(), 1);
}

#[test]
fn when_the_owner_dies_each_proxy_gets_an_error() {
    let server = Server::start();
    let mut list = server.connect();
    list.push("item").unwrap();
    drop(server);
    let error = list.length().unwrap_err().kind();
    let kinds = [
        ErrorKind::BrokenPipe,
        ErrorKind::ConnectionReset,
        ErrorKind::UnexpectedEof,
    ];
    assert!(kinds.contains(&error), "{error}");
    assert!(list.push("item").is_err());
}
