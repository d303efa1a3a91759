use std::env;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::SocketAddr;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use socket2::{Domain, Socket, Type};
use tempfile::NamedTempFile;

#[path = "../../src/bin/cluster_map.rs"]
#[allow(dead_code)]
mod program;
use program::cluster_map;

/// Ports on loopback that nobody else gets, and the file with their addresses.
struct Hosts {
    file: NamedTempFile,
    ports: Vec<Socket>,
}

impl Hosts {
    fn new(processes: usize) -> Self {
        let mut file = NamedTempFile::new().unwrap();
        let mut ports = Vec::new();
        for _ in 0..processes {
            let port = Socket::new(Domain::IPV4, Type::STREAM, None).unwrap();
            port.set_reuse_address(true).unwrap();
            let any = SocketAddr::from(([127, 0, 0, 1], 0));
            port.bind(&any.into()).unwrap();
            let address = port.local_addr().unwrap().as_socket().unwrap();
            writeln!(file, "{address}").unwrap();
            ports.push(port);
        }
        Self { file, ports }
    }

    fn arguments(&self, process: usize, workers: usize) -> Vec<String> {
        let processes = self.ports.len();
        let numbers = format!("program -w {workers} -n {processes} -p {process} -h");
        let mut arguments: Vec<String> = numbers.split(' ').map(str::to_owned).collect();
        arguments.push(self.file.path().to_str().unwrap().to_owned());
        arguments
    }
}

fn square(n: &u32) -> (u64, String) {
    let square = u64::from(*n) * u64::from(*n);
    (square, format!("the square of {n}"))
}

#[test]
fn threads_give_what_a_loop_gives() {
    for workers in ["1", "2", "4"] {
        for items in [0, 1, 3, 1000] {
            let arguments = ["program", "-w", workers].map(str::to_owned);
            let items = Vec::from_iter(0..items);
            let expected = Vec::from_iter(items.iter().map(square));
            let results = cluster_map(arguments.into_iter(), items, square);
            assert_eq!(results.unwrap(), expected);
        }
    }
}

#[test]
fn processes_give_what_a_loop_gives_in_process_0_and_nothing_in_the_others() {
    for (processes, workers) in [(2, 1), (2, 2), (3, 3)] {
        for items in [0, 1, 1000] {
            let hosts = Hosts::new(processes);
            let items = Vec::from_iter(0..items);
            let expected = Vec::from_iter(items.iter().map(square));
            thread::scope(|scope| {
                for process in 0..processes {
                    let arguments = hosts.arguments(process, workers);
                    let items = items.clone();
                    let expected = if process == 0 { &expected[..] } else { &[] };
                    scope.spawn(move || {
                        let results = cluster_map(arguments.into_iter(), items, square);
                        assert_eq!(results.unwrap(), expected);
                    });
                }
            });
        }
    }
}

#[test]
fn large_results_arrive_whole() {
    let hosts = Hosts::new(2);
    thread::scope(|scope| {
        for process in 0..2 {
            let arguments = hosts.arguments(process, 2).into_iter();
            scope.spawn(move || {
                let results = cluster_map(arguments, (0..20).collect(), |n| vec![*n; 3 << 20]);
                for (n, bytes) in results.unwrap().iter().enumerate() {
                    assert!(*bytes == vec![n as u8; 3 << 20]);
                }
            });
        }
    });
}

#[test]
fn wrong_arguments_are_an_error() {
    let missing = ["program", "-n", "2", "-h", "/no/such/file"].map(str::to_owned);
    let error = cluster_map(missing.into_iter(), vec![1], square).unwrap_err();
    assert!(error.contains("No such file"), "{error}");
    let unknown = ["program", "--unknown"].map(str::to_owned);
    assert!(cluster_map(unknown.into_iter(), vec![1], square).is_err());
}

/// Starts this test program once more: it runs only `one_of_two_processes`, below.
fn start(hosts: &Hosts, process: usize) -> Child {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "cluster_map::one_of_two_processes", "--ignored"]);
    command.args(["--nocapture"]);
    command.env("ARGUMENTS", hosts.arguments(process, 2).join(" "));
    command.env("BEGUN", hosts.file.path().with_extension("begun"));
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().unwrap()
}

#[test]
#[ignore = "a process of the test below"]
fn one_of_two_processes() {
    let arguments = env::var("ARGUMENTS").unwrap();
    let arguments = arguments.split(' ').map(str::to_owned);
    let begun = env::var("BEGUN").unwrap();
    let results = cluster_map(arguments, vec![0, 1, 2, 3], move |n| {
        if *n == 3 {
            fs::write(&begun, []).unwrap();
            thread::sleep(Duration::from_secs(600)); // in process 1, until it is killed
        }
    });
    println!("it returned: {results:?}");
}

#[test]
fn when_a_process_is_killed_the_other_reports_it_and_returns_no_part_for_the_whole() {
    let hosts = Hosts::new(2);
    let mut first = start(&hosts, 0);
    let mut second = start(&hosts, 1);
    let begun = hosts.file.path().with_extension("begun");
    while !begun.exists() {
        thread::sleep(Duration::from_millis(10));
    }
    fs::remove_file(begun).unwrap();
    second.kill().unwrap();
    second.wait().unwrap();

    let stderr = BufReader::new(first.stderr.take().unwrap());
    let mut lines = stderr.lines().map(Result::unwrap);
    assert!(lines.any(|line| line.contains("timely communication error")));
    thread::sleep(Duration::from_millis(300)); // it would return in this time, if ever
    first.kill().unwrap(); // or it ends, if this fails
    first.wait().unwrap();
    let mut stdout = String::new();
    let mut pipe = first.stdout.take().unwrap();
    pipe.read_to_string(&mut stdout).unwrap();
    assert!(!stdout.contains("it returned"), "{stdout}");
}
