//! A fork must happen where no other thread runs, so this test has a `main` of its own
//! (`harness = false`), which runs one test after the other on its only thread.

use std::env;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::net::UnixStream;
use std::os::unix::process::parent_id;
use std::process::{self, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use libtest_mimic::{Arguments, Trial};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, waitpid};
use nix::unistd::Pid;

#[path = "../src/bin/fork_server.rs"]
#[allow(dead_code)]
mod program;
use program::ForkServer;

/// The argument with which this test starts a server and a worker, and waits to be killed.
const CLIENT: &str = "--client";

/// Starts a server whose workers say who they are, and then answer byte for byte. At some bytes
/// they panic, abort, or leave a program behind.
fn start() -> ForkServer {
    // SAFETY: all tests run on the only thread of this process; those that they start have ended.
    unsafe { ForkServer::start(echo) }.unwrap()
}

fn echo(mut stream: UnixStream) {
    let pids = [process::id(), parent_id()].map(u32::to_le_bytes);
    stream.write_all(&pids.concat()).unwrap();
    let mut byte = [0];
    while stream.read_exact(&mut byte).is_ok() {
        match byte[0] {
            b'p' => panic!("in a worker"),
            b'a' => process::abort(),
            b'l' => {
                let program = Command::new("sleep").arg("600").spawn().unwrap();
                stream.write_all(&program.id().to_le_bytes()).unwrap();
                process::abort()
            }
            _ => stream.write_all(&byte).unwrap(),
        }
    }
}

struct Worker {
    stream: UnixStream,
    pid: u32,
    parent: u32,
}

fn connect(server: &ForkServer) -> Worker {
    let mut stream = server.connect().unwrap();
    let mut pids = [0; 8];
    stream.read_exact(&mut pids).unwrap();
    let (pid, parent) = pids.split_at(4);
    Worker {
        stream,
        pid: u32::from_le_bytes(pid.try_into().unwrap()),
        parent: u32::from_le_bytes(parent.try_into().unwrap()),
    }
}

impl Worker {
    /// Whether the worker answers a byte.
    fn answers(&mut self, byte: u8) -> bool {
        let mut answer = [0];
        let sent = self.stream.write_all(&[byte]);
        let answered = self.stream.read_exact(&mut answer);
        sent.is_ok() && answered.is_ok() && answer[0] == byte
    }
}

fn to_pid(pid: u32) -> Pid {
    Pid::from_raw(pid as i32)
}

fn the_workers_run_at_once_and_their_parent_is_the_server() {
    let server = start();
    let mut workers: Vec<Worker> = Vec::new();
    thread::scope(|scope| {
        let threads = [(); 3].map(|()| scope.spawn(|| connect(&server)));
        for thread in threads {
            workers.push(thread.join().unwrap());
        }
    });
    for worker in &mut workers {
        assert!(worker.answers(b'x')); // all of them are alive
    }
    let mut pids: Vec<u32> = workers.iter().map(|worker| worker.pid).collect();
    let parent = workers[0].parent;
    assert!(workers.iter().all(|worker| worker.parent == parent));
    pids.extend([parent, process::id()]);
    pids.sort();
    pids.dedup();
    assert_eq!(pids.len(), 5, "five processes");
    drop(server);
    assert!(workers[0].answers(b'x'), "it finishes its work");
}

fn a_worker_that_dies_ends_its_stream_and_nothing_else() {
    let server = start();
    let mut bystander = connect(&server);
    for deadly in [b'p', b'a'] {
        let mut worker = connect(&server);
        assert!(!worker.answers(deadly));
        assert!(bystander.answers(b'x'));
        assert!(connect(&server).answers(b'x'));
    }
}

fn a_program_left_behind_by_a_dead_worker_does_not_hold_its_stream() {
    let server = start();
    let mut stream = connect(&server).stream;
    stream.write_all(b"l").unwrap();
    let mut program = [0; 4];
    stream.read_exact(&mut program).unwrap();
    let end = stream.read(&mut [0]).unwrap(); // would wait for the program
    kill(to_pid(u32::from_le_bytes(program)), Signal::SIGKILL).unwrap();
    assert_eq!(end, 0);
}

fn dead_workers_are_reaped_at_the_next_request() {
    let server = start();
    let mut worker = connect(&server);
    assert!(!worker.answers(b'a'));
    // The worker's stream ends a moment before the worker, so there may be a request in between.
    let deadline = Instant::now() + Duration::from_secs(10);
    while kill(to_pid(worker.pid), None) != Err(Errno::ESRCH) {
        assert!(Instant::now() < deadline, "the worker is still a zombie");
        drop(connect(&server));
    }
}

fn if_the_server_dies_the_workers_go_on_and_connect_fails() {
    let server = start();
    let mut worker = connect(&server);
    kill(to_pid(worker.parent), Signal::SIGKILL).unwrap();
    while server.connect().is_ok() {
        thread::sleep(Duration::from_millis(1)); // it has not died yet
    }
    assert!(worker.answers(b'x'));
}

fn a_request_that_a_dying_server_does_not_take_ends_its_stream() {
    let server = start();
    let worker = connect(&server);
    kill(to_pid(worker.parent), Signal::SIGSTOP).unwrap();
    let mut stream = server.connect().unwrap();
    kill(to_pid(worker.parent), Signal::SIGKILL).unwrap();
    assert_eq!(stream.read(&mut [0]).unwrap(), 0); // while `worker` is alive
    drop(worker);
}

fn dropping_the_server_ends_and_reaps_it() {
    drop(start());
    let child = waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG));
    assert_eq!(child, Err(Errno::ECHILD));
}

fn server_and_workers_end_if_the_program_is_killed() {
    let mut client = Command::new(env::current_exe().unwrap())
        .arg(CLIENT)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdout = BufReader::new(client.stdout.take().unwrap());
    let mut line = String::new();
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "a worker answers\n");
    client.kill().unwrap();
    client.wait().unwrap();
    // The server and the worker have the same stdout.
    stdout.read_to_string(&mut line).unwrap();
}

fn client() {
    let server = start();
    let mut worker = connect(&server);
    assert!(worker.answers(b'x'));
    println!("a worker answers");
    thread::sleep(Duration::from_secs(600));
}

fn main() {
    if env::args().nth(1).as_deref() == Some(CLIENT) {
        return client();
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1); // then libtest-mimic runs them on this thread
    let tests: [(&str, fn()); _] = [
        (
            "the_workers_run_at_once_and_their_parent_is_the_server",
            the_workers_run_at_once_and_their_parent_is_the_server,
        ),
        (
            "a_worker_that_dies_ends_its_stream_and_nothing_else",
            a_worker_that_dies_ends_its_stream_and_nothing_else,
        ),
        (
            "a_program_left_behind_by_a_dead_worker_does_not_hold_its_stream",
            a_program_left_behind_by_a_dead_worker_does_not_hold_its_stream,
        ),
        (
            "dead_workers_are_reaped_at_the_next_request",
            dead_workers_are_reaped_at_the_next_request,
        ),
        (
            "if_the_server_dies_the_workers_go_on_and_connect_fails",
            if_the_server_dies_the_workers_go_on_and_connect_fails,
        ),
        (
            "a_request_that_a_dying_server_does_not_take_ends_its_stream",
            a_request_that_a_dying_server_does_not_take_ends_its_stream,
        ),
        (
            "dropping_the_server_ends_and_reaps_it",
            dropping_the_server_ends_and_reaps_it,
        ),
        (
            "server_and_workers_end_if_the_program_is_killed",
            server_and_workers_end_if_the_program_is_killed,
        ),
    ];
    let tests = tests.map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, tests.into()).exit()
}
