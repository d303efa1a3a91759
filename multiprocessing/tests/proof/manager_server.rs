use std::io::{Read, Write};
use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

#[path = "../../src/bin/manager_server.rs"]
#[allow(dead_code)]
mod program;
use program::{ListProxy, serve};

struct Server {
    folder: tempfile::TempDir,
}

impl Server {
    /// Serves in a thread, which ends with the test program.
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let listener = UnixListener::bind(folder.path().join("socket")).unwrap();
        thread::spawn(|| serve(listener));
        Self { folder }
    }

    fn path(&self) -> PathBuf {
        self.folder.path().join("socket")
    }

    fn connect(&self) -> ListProxy {
        ListProxy::connect(&self.path()).unwrap()
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

/// Two clients ask for the same last place at the same moment, round after round: a counter that
/// both of them watch keeps them in step.
#[test]
fn a_limit_is_kept_when_it_is_one_request() {
    const ROUNDS: usize = 20_000;
    let server = Server::start();
    let arrived = AtomicUsize::new(0);
    let start = Instant::now();
    let client = || {
        let mut list = server.connect();
        let mut pushed = Vec::new();
        for round in 0..ROUNDS {
            arrived.fetch_add(1, Relaxed);
            while arrived.load(Relaxed) < 2 * (round + 1) {
                thread::yield_now();
            }
            pushed.push(list.push_if_shorter("x", round + 1).unwrap());
            if start.elapsed() > Duration::from_secs(5) {
                arrived.fetch_add(2 * ROUNDS, Relaxed); // a slow machine: the other one stops, too
                break;
            }
        }
        pushed
    };
    let (one, other) = thread::scope(|scope| {
        let one = scope.spawn(client);
        let other = scope.spawn(client);
        (one.join().unwrap(), other.join().unwrap())
    });
    let both = one
        .iter()
        .zip(&other)
        .filter(|(one, other)| **one && **other);
    assert_eq!(both.count(), 0);
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
