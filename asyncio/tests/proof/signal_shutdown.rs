#![cfg(unix)]

use std::env;
use std::future::pending;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;
use tokio::io::{AsyncBufReadExt, BufReader, Lines};
use tokio::process::{Child, ChildStdout, Command};
use tokio::time::timeout;

#[path = "../../src/bin/signal_shutdown.rs"]
#[allow(dead_code)]
mod program;
use program::stop_on_signal;

const LIMIT: Duration = Duration::from_secs(10);

struct Process {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        command.stdout(Stdio::piped()).kill_on_drop(true);
        let mut child = command.spawn().unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap()).lines();
        Self { child, stdout }
    }

    /// Starts an ignored test of this module as a process of its own.
    fn start_test(name: &str) -> Self {
        let mut command = Command::new(env::current_exe().unwrap());
        command.args(["--exact", &format!("signal_shutdown::{name}")]);
        Self::start(command.args(["--ignored", "--nocapture"]))
    }

    fn send(&self, signal: Signal) {
        let pid = self.child.id().expect("nobody has waited for it");
        kill(Pid::from_raw(pid as i32), signal).unwrap();
    }

    /// Reads up to a line that ends so; skips what the test harness prints.
    async fn read_until(&mut self, end: &str) {
        loop {
            let line = timeout(LIMIT, self.stdout.next_line()).await;
            let line = line.unwrap_or_else(|_| panic!("it does not print: {end}"));
            let line = line.unwrap().expect("it has ended");
            if line.ends_with(end) {
                return;
            }
        }
    }

    async fn exit_code(&mut self) -> Option<i32> {
        let status = timeout(LIMIT, self.child.wait()).await;
        status.expect("it does not end").unwrap().code()
    }
}

#[tokio::test]
async fn at_a_signal_the_program_drains_and_exits_with_0() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signal_shutdown"));
        let mut program = Process::start(&mut command);
        program.read_until("Ctrl-C").await; // all workers have been started
        program.send(signal);
        program.read_until("drained: 5").await;
        assert_eq!(program.exit_code().await, Some(0));
    }
}

#[tokio::test]
async fn a_second_signal_ends_the_process_with_the_status_of_its_own() {
    for (first, second, status) in [
        (Signal::SIGTERM, Signal::SIGTERM, 143),
        (Signal::SIGTERM, Signal::SIGINT, 130),
        (Signal::SIGINT, Signal::SIGTERM, 143),
        (Signal::SIGINT, Signal::SIGINT, 130),
    ] {
        let mut process = Process::start_test("a_drain_that_never_ends");
        process.read_until("ready").await;
        process.send(first);
        process.read_until("draining").await;
        process.send(second);
        assert_eq!(process.exit_code().await, Some(status), "{first}, {second}");
    }
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn a_drain_that_never_ends() {
    let stop = stop_on_signal().unwrap();
    println!("ready");
    stop.cancelled().await;
    println!("draining");
    pending().await
}

#[tokio::test]
async fn a_signal_right_after_the_call_is_seen() {
    let mut process = Process::start_test("a_signal_at_once");
    process.read_until("stopped").await;
    assert_eq!(process.exit_code().await, Some(0));
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn a_signal_at_once() {
    let stop = stop_on_signal().unwrap();
    raise(Signal::SIGTERM).unwrap(); // no other task has run yet
    stop.cancelled().await;
    println!("stopped");
}
