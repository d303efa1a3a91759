use std::io::{self, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

#[path = "../../src/bin/tcp_echo_threads.rs"]
#[allow(dead_code)]
mod program;
use program::serve;

const PATIENCE: Duration = Duration::from_secs(10);

/// A server on a thread of its own.
struct Server {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<io::Result<()>>,
}

impl Server {
    fn start(handle: impl Fn(&TcpStream) + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        Self::start_on(listener, handle)
    }

    fn start_on(
        listener: TcpListener,
        handle: impl Fn(&TcpStream) + Send + Sync + 'static,
    ) -> Self {
        let address = listener.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let stopped = stop.clone();
        let thread = thread::spawn(move || serve(listener, &stopped, handle));
        Self {
            address,
            stop,
            thread,
        }
    }

    fn stop(self) -> thread::Result<io::Result<()>> {
        self.stop.store(true, Relaxed);
        let start = Instant::now();
        while !self.thread.is_finished() {
            assert!(start.elapsed() < PATIENCE, "it does not stop");
            thread::sleep(Duration::from_millis(5));
        }
        self.thread.join()
    }
}

/// A client whose reads give up, so that a test fails and does not hang.
fn connect(address: SocketAddr) -> TcpStream {
    let client = TcpStream::connect(address).unwrap();
    client.set_read_timeout(Some(PATIENCE)).unwrap();
    client
}

/// Sends back what arrives, and panics at an `x`.
fn echo_or_panic(mut connection: &TcpStream) {
    let mut buffer = [0; 4096];
    loop {
        let length = connection.read(&mut buffer).unwrap_or(0);
        let bytes = &buffer[..length];
        assert!(!bytes.contains(&b'x'));
        if bytes.is_empty() || connection.write_all(bytes).is_err() {
            return;
        }
    }
}

fn is_answered(mut client: &TcpStream) -> bool {
    let mut answer = [0];
    client.write_all(b"a").unwrap();
    client.read(&mut answer).unwrap() == 1 && &answer == b"a"
}

fn sees_the_end(mut client: &TcpStream) -> bool {
    client.read(&mut [0]).unwrap() == 0
}

#[test]
fn stop_ends_clients_that_neither_send_nor_read_and_waits_for_their_threads() {
    let ended = Arc::new(AtomicUsize::new(0));
    let count = ended.clone();
    let server = Server::start(move |connection| {
        echo_or_panic(connection);
        thread::sleep(Duration::from_millis(50)); // whoever does not wait returns meanwhile
        count.fetch_add(1, Relaxed);
    });
    let silent = connect(server.address);
    assert!(is_answered(&silent));

    // Sends until all buffers are full: its thread waits for it to read.
    let mut never_reads = connect(server.address);
    assert!(is_answered(&never_reads));
    let short = Duration::from_millis(200);
    never_reads.set_write_timeout(Some(short)).unwrap();
    while never_reads.write(&[0; 4096]).is_ok() {}

    server.stop().unwrap().unwrap();
    assert_eq!(ended.load(Relaxed), 2);
    assert!(sees_the_end(&silent));
}

#[test]
fn a_connection_is_closed_when_its_handler_returns() {
    let server = Server::start(|_| ());
    assert!(sees_the_end(&connect(server.address)));
    server.stop().unwrap().unwrap();
}

#[test]
fn a_handler_that_panics_ends_its_own_connection_and_no_other() {
    let server = Server::start(echo_or_panic);
    let other = connect(server.address);
    let mut unlucky = connect(server.address);
    unlucky.write_all(b"x").unwrap();
    assert!(sees_the_end(&unlucky));
    assert!(is_answered(&other));
    assert!(server.stop().is_err(), "`serve` panics at last");
    assert!(sees_the_end(&other));
}

#[cfg(unix)]
mod out_of_files {
    use std::env;
    use std::io::{BufRead, BufReader};
    use std::process::{Command, Stdio};
    use std::sync::mpsc;

    use nix::sys::resource::{Resource, getrlimit, setrlimit};

    use super::*;

    const NAME: &str = "tcp_echo_threads::out_of_files::clients_wait_and_the_server_can_be_stopped";
    const IS_CHILD: &str = "TEST_OUT_OF_FILES";

    /// A limit is for a whole process, so this test starts itself again in another one.
    #[test]
    fn clients_wait_and_the_server_can_be_stopped() {
        if env::var_os(IS_CHILD).is_some() {
            return run_out_of_files();
        }
        let mut child = Command::new(env::current_exe().unwrap())
            .args([NAME, "--exact", "--nocapture"])
            .env(IS_CHILD, "")
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        let stderr = BufReader::new(child.stderr.take().unwrap());
        let mut lines = stderr.lines().map(Result::unwrap);
        let is_reported = lines.any(|line| line == "accept: Too many open files (os error 24)");
        drop(child.stdin.take()); // it goes on
        let rest: Vec<String> = lines.collect();
        assert!(child.wait().unwrap().success(), "{rest:#?}");
        assert!(is_reported);
    }

    fn run_out_of_files() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let client = connect(listener.local_addr().unwrap());
        let normal = limit_open_files(0);
        let server = Server::start_on(listener, echo_or_panic);
        wait_for_end_of_stdin(); // the server has reported that it gets no file for the client
        limit_open_files(normal);
        assert!(is_answered(&client));

        limit_open_files(0);
        server.stop().unwrap().unwrap();
        assert!(sees_the_end(&client));
    }

    /// Those that are open stay open. Returns the limit that was there before.
    fn limit_open_files(limit: u64) -> u64 {
        let (before, most) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
        setrlimit(Resource::RLIMIT_NOFILE, limit, most).unwrap();
        before
    }

    fn wait_for_end_of_stdin() {
        let (sender, ended) = mpsc::channel();
        thread::spawn(move || sender.send(io::read_to_string(io::stdin())));
        ended.recv_timeout(PATIENCE).unwrap().unwrap();
    }
}
