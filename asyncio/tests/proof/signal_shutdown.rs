#![cfg(unix)]

use std::env;
use std::future::pending;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::sys::signal::{Signal, kill, raise};
use nix::unistd::Pid;

#[path = "../../src/bin/signal_shutdown.rs"]
#[allow(dead_code)]
mod program;
use program::stop_on_signal;

/// A process, which is killed when it is dropped.
struct Process {
    child: Child,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Process {
    fn start(command: &mut Command) -> Self {
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
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
        kill(Pid::from_raw(self.child.id() as i32), signal).unwrap();
    }

    /// Reads up to a line that ends so; skips what the test harness prints.
    fn read_until(&mut self, end: &str) {
        let found = self
            .stdout
            .by_ref()
            .any(|line| line.unwrap().ends_with(end));
        assert!(found, "it has ended without: {end}");
    }

    fn exit_code(&mut self) -> Option<i32> {
        self.child.wait().unwrap().code()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill(); // an error: it has ended
        let _ = self.child.wait();
    }
}

#[test]
fn at_a_signal_the_program_drains_and_exits_with_0() {
    for signal in [Signal::SIGTERM, Signal::SIGINT] {
        let mut command = Command::new(env!("CARGO_BIN_EXE_signal_shutdown"));
        let mut program = Process::start(&mut command);
        program.read_until("Ctrl-C"); // all workers have been started
        program.send(signal);
        program.read_until("drained: 5");
        assert_eq!(program.exit_code(), Some(0));
    }
}

#[test]
fn a_second_signal_ends_the_process_with_the_status_of_its_own() {
    for (first, second, status) in [
        (Signal::SIGTERM, Signal::SIGTERM, 143),
        (Signal::SIGTERM, Signal::SIGINT, 130),
        (Signal::SIGINT, Signal::SIGTERM, 143),
        (Signal::SIGINT, Signal::SIGINT, 130),
    ] {
        let mut process = Process::start_test("a_drain_that_never_ends");
        process.read_until("ready");
        process.send(first);
        process.read_until("draining");
        process.send(second);
        assert_eq!(process.exit_code(), Some(status), "{first}, {second}");
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

#[test]
fn a_signal_right_after_the_call_is_seen() {
    let mut process = Process::start_test("a_signal_at_once");
    process.read_until("stopped");
    assert_eq!(process.exit_code(), Some(0));
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn a_signal_at_once() {
    let stop = stop_on_signal().unwrap();
    raise(Signal::SIGTERM).unwrap(); // no other task has run yet
    stop.cancelled().await;
    println!("stopped");
}
