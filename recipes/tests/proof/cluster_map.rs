//! `cluster_map` equal to one machine, and never a part for the whole: processes that are killed,
//! never start, or have another job; strangers. No verdict hangs on a clock, except that a wait
//! gives up after [`PATIENCE`].

#![cfg(feature = "cluster")]
#![cfg(target_os = "linux")] // a port that is bound, but not listened on, is kept for somebody

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Output, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};
use std::{env, fs, thread};

use socket2::{Domain, SockRef, Socket, Type};

#[allow(dead_code)]
#[path = "../../src/bin/cluster_map.rs"]
mod example;
use example::{cluster_map, connect};

const PROGRAM: &str = env!("CARGO_BIN_EXE_cluster_map");
const PATIENCE: Duration = Duration::from_secs(120);

// Equal to one machine.

#[test]
fn threads() {
    for workers in [1, 2, 4] {
        for items in [0, 1, 3, 100] {
            let items: Vec<u32> = (0..items).collect();
            let results = cluster_map(vec![None], workers, items.clone(), square).unwrap();
            assert_eq!(results, Some(in_turn(&items)), "{workers} workers");
        }
    }
    let other = thread::spawn(|| panic!("not in a thread of timely's"));
    assert!(other.join().is_err(), "and that ended nothing");
}

#[test]
fn processes() {
    for (processes, workers) in [(2, 1), (2, 2), (3, 1), (3, 4)] {
        let (hosts, _kept) = hosts(processes);
        for items in [0, 1, 100] {
            // The same addresses again and again.
            let items: Vec<u32> = (0..items).collect();
            let results = together(processes, |process| {
                let peers = connect(&hosts, process, PATIENCE, &items).unwrap();
                cluster_map(peers, workers, items.clone(), square).unwrap()
            });
            assert_eq!(
                results[0],
                Some(in_turn(&items)),
                "{processes} processes of {workers}"
            );
            assert!(results[1..].iter().all(Option::is_none));
        }
    }
}

#[test]
fn large_results() {
    let (hosts, _kept) = hosts(2);
    let items: Vec<u8> = (0..20).collect();
    let results = together(2, |process| {
        let peers = connect(&hosts, process, PATIENCE, &items).unwrap();
        cluster_map(peers, 2, items.clone(), |&n| vec![n; 3 << 20]).unwrap()
    });
    let all = results.into_iter().flatten().next().unwrap();
    let whole = |(n, bytes): (usize, Vec<u8>)| bytes == vec![n as u8; 3 << 20];
    assert!(all.len() == 20 && all.into_iter().enumerate().all(whole));
}

#[test]
fn two_programs() {
    for workers in [1, 2] {
        let cluster = Hosts::new(2);
        let args = ["--workers", &workers.to_string()];
        let (second, first) = (cluster.start(1, &args), cluster.start(0, &args));
        let text = String::from_utf8(end(first, 0, "").stdout).unwrap();
        let mut lines = text.lines();
        for process in 0..2 {
            for worker in 0..workers {
                let share = format!(
                    "process {process}, timely:work-{worker}: {} items",
                    10 / workers
                );
                assert_eq!(lines.next(), Some(share.as_str()));
            }
        }
        let all = format!("{} workers: 17984 primes below 200000 in ", 2 * workers);
        assert!(lines.next().unwrap().starts_with(&all), "{text}");
        assert_eq!(lines.next(), Some("in turn, item by item the same: true"));
        assert_eq!(lines.next(), None);
        assert!(end(second, 0, "").stdout.is_empty());
    }
}

// A process is lost.

const LONG: [&str; 4] = ["--below", "100000000", "--chunks", "2000"];

#[test]
fn killed_in_the_middle() {
    for killed in [1, 0] {
        let cluster = Hosts::new(2);
        let mut both = [cluster.start(0, &LONG), cluster.start(1, &LONG)];
        both.iter().for_each(wait_for_work);
        both[killed].kill().unwrap();
        both[killed].wait().unwrap();
        let [first, second] = both;
        let left = if killed == 0 { second } else { first };
        let lost = format!("error: process {killed} is lost, start all again\n");
        assert!(
            end(left, 1, &lost).stdout.is_empty(),
            "no part for the whole"
        );
    }
}

#[test]
fn one_of_three_is_killed() {
    let cluster = Hosts::new(3);
    let [first, mut second, third] = [0, 1, 2].map(|process| cluster.start(process, &LONG));
    [&first, &second, &third]
        .into_iter()
        .for_each(wait_for_work);
    second.kill().unwrap();
    second.wait().unwrap();
    for child in [first, third] {
        let output = ended(child);
        let stderr = String::from_utf8(output.stderr).unwrap();
        // Whichever is noticed first: the one that was killed, or one that ended for it.
        assert!(
            stderr.starts_with("error: process ")
                && stderr.ends_with(" is lost, start all again\n")
        );
        assert_eq!(
            (output.status.code(), output.stdout),
            (Some(1), vec![]),
            "{stderr}"
        );
    }
}

#[test]
fn a_panic_ends_all() {
    let start = |hosts: &str, process: usize, wrong: u32| {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args([
            "--ignored",
            "--exact",
            "cluster_map::as_one_process",
            "--nocapture",
        ]);
        command
            .env("HOSTS", hosts)
            .env("PROCESS", process.to_string());
        spawn(command.env("WRONG", wrong.to_string()))
    };
    assert_panicked(ended(start("", 0, 1)));
    for (wrong, process) in [(4, 0), (7, 1)] {
        let (hosts, _kept) = hosts(2);
        let both = [0, 1].map(|process| start(&hosts.join(" "), process, wrong));
        let mut both = both.map(ended).to_vec();
        assert_panicked(both.remove(process));
        let stderr = String::from_utf8(both.remove(0).stderr).unwrap();
        assert_eq!(
            stderr,
            format!("error: process {process} is lost, start all again\n")
        );
    }
}

#[test]
fn a_panic_that_is_passed_on_ends_all() {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--ignored", "--exact", "cluster_map::as_one_process"]);
    command.envs([
        ("HOSTS", ""),
        ("PROCESS", "0"),
        ("WRONG", "1"),
        ("RESUME", "1"),
    ]);
    assert_eq!(ended(spawn(&mut command)).status.code(), Some(1));
}

fn assert_panicked(output: Output) {
    let stderr = String::from_utf8(output.stderr).unwrap();
    assert!(
        stderr.contains("panicked at") && stderr.contains("this item is wrong"),
        "{stderr}"
    );
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn a_long_silence_is_no_loss() {
    let (hosts, _kept) = hosts(2);
    let both = [0, 1].map(|process| {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args([
            "--ignored",
            "--exact",
            "cluster_map::as_one_process",
            "--nocapture",
        ]);
        command
            .env("HOSTS", hosts.join(" "))
            .env("PROCESS", process.to_string());
        // Longer than a stranger may take to say something.
        spawn(command.env("WRONG", "10").env("SLOW_MS", "3000"))
    });
    for child in both {
        end(child, 3, "");
    }
}

#[test]
#[ignore = "a process of the tests above"]
fn as_one_process() {
    let of = |name| env::var(name).unwrap();
    let hosts: Vec<_> = of("HOSTS").split_whitespace().map(str::to_owned).collect();
    let peers = connect(&hosts, of("PROCESS").parse().unwrap(), PATIENCE, 0).unwrap();
    let wrong: u32 = of("WRONG").parse().unwrap();
    let slow = env::var("SLOW_MS").map_or(0, |ms| ms.parse().unwrap());
    let work = move |&n: &u32| {
        if n == wrong && env::var_os("RESUME").is_some() {
            std::panic::resume_unwind(Box::new("as rayon does, and unheard here"));
        }
        assert!(n != wrong, "this item is wrong");
        thread::sleep(Duration::from_millis(if n == 3 { slow } else { 0 }));
    };
    let results = cluster_map(peers, 2, (0..10).collect(), work);
    std::process::exit(if results.is_ok() { 3 } else { 4 });
}

#[test]
fn no_part_for_the_whole() {
    let (hosts, _kept) = hosts(2);
    let results = together(2, |process| {
        let peers = connect(&hosts, process, PATIENCE, "the same").unwrap();
        let items = if process == 0 { 10 } else { 6 };
        cluster_map(peers, 1, (0..items).collect(), square).map_err(|why| why.to_string())
    });
    assert_eq!(
        results,
        [Err("not all results have come".to_owned()), Ok(None)]
    );
}

#[test]
fn a_machine_that_is_gone_is_asked_for() {
    let (hosts, _kept) = hosts(2);
    let peers = together(2, |process| connect(&hosts, process, PATIENCE, ()).unwrap());
    for stream in peers.iter().flatten().flatten() {
        let socket = SockRef::from(stream);
        assert!(socket.keepalive().unwrap());
        assert_eq!(socket.tcp_keepalive_time().unwrap(), Duration::from_secs(5));
        assert_eq!(
            socket.tcp_user_timeout().unwrap(),
            Some(Duration::from_secs(30))
        );
    }
}

// The processes do not meet.

#[test]
fn one_never_starts() {
    for (process, other, why) in [
        (0, 1, "no word from it"),
        (1, 0, "Connection refused (os error 111)"),
    ] {
        let cluster = Hosts::new(2);
        let child = cluster.start(process, &["--wait", "1"]);
        let error = format!(
            "error: process {other} at {}: {why}\n",
            cluster.hosts[other]
        );
        assert!(end(child, 2, &error).stdout.is_empty());
    }
}

#[test]
fn one_starts_late() {
    let cluster = Hosts::new(2);
    for (first, then) in [(0, 1), (1, 0)] {
        let waits = cluster.start(first, &[]);
        thread::sleep(Duration::from_millis(300)); // later or not: both must do
        let late = cluster.start(then, &[]);
        end(waits, 0, "");
        end(late, 0, "");
    }
}

#[test]
fn the_middle_one_never_starts() {
    let cluster = Hosts::new(3);
    let (first, third) = (
        cluster.start(0, &["--wait", "1"]),
        cluster.start(2, &["--wait", "1"]),
    );
    let missing = format!("error: process 1 at {}: ", cluster.hosts[1]);
    end(first, 2, &format!("{missing}no word from it\n"));
    end(
        third,
        2,
        &format!("{missing}Connection refused (os error 111)\n"),
    );
}

#[test]
fn another_job_is_not_let_in() {
    for other in [["--below", "1000"], ["--workers", "3"], ["--chunks", "7"]] {
        let cluster = Hosts::new(2);
        let first = cluster.start(0, &[]);
        let second = cluster.start(1, &other);
        let here = format!(
            "error: process 0 at {}: it is not at the same job\n",
            cluster.hosts[0]
        );
        end(second, 2, &here);
        // The right one can still come.
        let second = cluster.start(1, &[]);
        end(first, 0, "");
        end(second, 0, "");
    }
}

#[test]
fn strangers_who_call() {
    let cluster = Hosts::new(2);
    let first = cluster.start(0, &[]);
    let call = || {
        wait("the port", || TcpStream::connect(&cluster.hosts[0]).is_ok()); // and hangs up
        TcpStream::connect(&cluster.hosts[0]).unwrap()
    };
    let _silent = call();
    for words in [&b"GET / HTTP/1.1\r\n\r\n"[..], &[0; 16], b"x"] {
        call().write_all(words).unwrap();
    }
    let (mut echo, mut hello) = (call(), [0; 16]);
    echo.write_all(&[0; 16]).unwrap();
    echo.read_exact(&mut hello).unwrap(); // the right job, the number of another
    let mut echo = call();
    echo.write_all(&hello).unwrap();
    echo.read_exact(&mut hello).unwrap();
    let second = cluster.start(1, &[]);
    end(first, 0, "");
    end(second, 0, "");
}

const NOT_THE_SAME: &str = "it is not at the same job";

#[test]
fn strangers_who_are_called() {
    for (words, why) in [
        ("", "no word from it"),
        ("SSH-2.0-OpenSSH_9.2\r\n", NOT_THE_SAME),
        ("echo", NOT_THE_SAME),
    ] {
        let stranger = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = stranger.local_addr().unwrap().to_string();
        let accepts_one = stranger.try_clone().unwrap(); // and lets the next one wait
        let answers = thread::spawn(move || {
            let (mut stream, _) = accepts_one.accept().unwrap();
            let mut words = words.as_bytes().to_vec();
            if words == b"echo" {
                words.resize(16, 0);
                stream.read_exact(&mut words).unwrap();
            }
            stream.write_all(&words).unwrap();
            let _ = stream.read_to_end(&mut Vec::new()); // until the other hangs up
        });
        let cluster = Hosts::of(vec![address.clone(), "127.0.0.1:0".to_owned()]);
        let child = cluster.start(1, &["--wait", "1"]);
        end(child, 2, &format!("error: process 0 at {address}: {why}\n"));
        answers.join().unwrap();
    }
}

#[test]
fn a_port_in_use() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let own = listener.local_addr().unwrap().to_string();
    let cluster = Hosts::of(vec![own.clone(), "127.0.0.1:0".to_owned()]);
    end(
        cluster.start(0, &[]),
        2,
        &format!("error: {own}: Address already in use (os error 98)\n"),
    );
}

#[test]
fn wrong_hosts() {
    let cluster = Hosts::of(vec!["127.0.0.1:0".to_owned(), "127.0.0.1:0".to_owned()]);
    end(cluster.start(2, &[]), 2, "error: process 2 is none of 2\n");
    let elsewhere = Hosts::of(vec!["192.0.2.1:4701".to_owned(), "127.0.0.1:0".to_owned()]);
    let not_here = "error: 192.0.2.1:4701: Cannot assign requested address (os error 99)\n";
    end(elsewhere.start(0, &[]), 2, not_here);
    let no_port = Hosts::of(vec!["localhost".to_owned(), "127.0.0.1:0".to_owned()]);
    end(
        no_port.start(0, &[]),
        2,
        "error: localhost: invalid socket address\n",
    );
    let mut command = Command::new(PROGRAM);
    let none = spawn(command.args(["--hosts", "/no/such"]));
    end(
        none,
        2,
        "error: --hosts: No such file or directory (os error 2)\n",
    );
    end(
        spawn(Command::new(PROGRAM).args(["--process", "1"])),
        2,
        "error: process 1 is none of 0\n",
    );
}

// Processes.

/// So many addresses on loopback, free as long as the sockets are: bound, but not listened on, so
/// that nobody else gets them, and the process that they are for can still bind and listen.
fn hosts(processes: usize) -> (Vec<String>, Vec<Socket>) {
    let keep = |_| {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
        socket.set_reuse_address(true).unwrap();
        socket
            .bind(&SocketAddr::from(([127, 0, 0, 1], 0)).into())
            .unwrap();
        let address = socket.local_addr().unwrap().as_socket().unwrap();
        (address.to_string(), socket)
    };
    (0..processes).map(keep).unzip()
}

/// A file with addresses.
struct Hosts {
    hosts: Vec<String>,
    file: tempfile::NamedTempFile,
    _kept: Vec<Socket>,
}

impl Hosts {
    fn new(processes: usize) -> Hosts {
        let (hosts, _kept) = hosts(processes);
        Hosts {
            _kept,
            ..Hosts::of(hosts)
        }
    }

    fn of(hosts: Vec<String>) -> Hosts {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), hosts.join("\n")).unwrap();
        Hosts {
            hosts,
            file,
            _kept: vec![],
        }
    }

    fn start(&self, process: usize, args: &[&str]) -> Child {
        let mut command = Command::new(PROGRAM);
        command
            .arg("--hosts")
            .arg(self.file.path())
            .args(["--process", &process.to_string()]);
        spawn(command.args(args))
    }
}

/// What each process of a cluster returns, all in threads of this one.
fn together<R: Send>(processes: usize, process: impl Fn(usize) -> R + Sync) -> Vec<R> {
    thread::scope(|s| {
        let process = &process;
        let all: Vec<_> = (0..processes)
            .map(|at| s.spawn(move || process(at)))
            .collect();
        all.into_iter().map(|one| one.join().unwrap()).collect()
    })
}

fn square(n: &u32) -> (u64, String) {
    (u64::from(*n) * u64::from(*n), format!("the square of {n}"))
}

fn in_turn(items: &[u32]) -> Vec<(u64, String)> {
    items.iter().map(square).collect()
}

fn spawn(command: &mut Command) -> Child {
    command.env("RUST_BACKTRACE", "0").stdin(Stdio::null());
    command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until a worker has something to do: all have met, and have begun.
fn wait_for_work(child: &Child) {
    let tasks = format!("/proc/{}/task", child.id());
    wait("a worker", || {
        let names = fs::read_dir(&tasks).unwrap().flatten();
        let mut names = names.map(|task| fs::read_to_string(task.path().join("comm")));
        names.any(|name| name.is_ok_and(|name| name.starts_with("timely:work")))
    });
}

/// Waits for the end; kills what does not end.
fn ended(child: Child) -> Output {
    let pid = child.id().to_string();
    let (sender, output) = mpsc::channel();
    thread::spawn(move || sender.send(child.wait_with_output()));
    output
        .recv_timeout(PATIENCE)
        .map(Result::unwrap)
        .unwrap_or_else(|_| {
            let _ = Command::new("sh")
                .args(["-c", "kill -KILL $0", &pid])
                .status();
            panic!("it does not end")
        })
}

#[track_caller]
fn end(child: Child, code: i32, stderr: &str) -> Output {
    let output = ended(child);
    assert_eq!(String::from_utf8_lossy(&output.stderr), stderr);
    assert_eq!(output.status.code(), Some(code));
    output
}

#[track_caller]
fn wait(what: &str, mut come: impl FnMut() -> bool) {
    let start = Instant::now();
    while !come() {
        assert!(start.elapsed() < PATIENCE, "waited in vain for {what}");
        thread::sleep(Duration::from_millis(5));
    }
}
