use std::ffi::OsString;
use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::path::Path;
use std::pin::pin;
use std::process::{Child, Command as StdCommand, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::Duration;

use futures::{StreamExt, stream};
use nix::errno::Errno;
use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::{Pid, getpgrp};
use tokio::process::Command;
use tokio::time::timeout;

#[path = "../../src/bin/parallel_commands.rs"]
#[allow(dead_code)]
mod program;
use program::{Finished, run_for_each};

fn shell(script: &str, line: &OsString) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).arg(line);
    command
}

fn lines(number: usize) -> Vec<OsString> {
    Vec::from_iter((0..number).map(|line| line.to_string().into()))
}

fn text(mut finished: Finished) -> String {
    let mut text = String::new();
    finished.stdout.read_to_string(&mut text).unwrap();
    text
}

#[tokio::test]
async fn outputs_are_in_order_and_never_more_than_the_limit_are_started() {
    let folder = tempfile::tempdir().unwrap();
    let started = AtomicUsize::new(0);
    // The first command ends after the second one.
    let script = "[ $0 != 0 ] || until [ -e end1 ]; do sleep 0.01; done
        echo line $0; : > end$0; exit $0";
    let results = run_for_each(stream::iter(lines(8)), 2, |line| {
        started.fetch_add(1, Relaxed);
        let mut command = shell(script, line);
        command.current_dir(&folder);
        command
    });
    let mut results = pin!(results);
    for number in 0..8 {
        let next = timeout(Duration::from_secs(10), results.next()).await;
        let (line, finished) = next.unwrap().unwrap();
        let finished = finished.unwrap();
        assert_eq!(line, OsString::from(number.to_string()));
        assert_eq!(finished.status.code(), Some(number));
        assert_eq!(text(finished), format!("line {number}\n"));
        let at_once = started.load(Relaxed) - number as usize;
        assert!(at_once <= 2, "{at_once} started and not handed over");
    }
    assert!(results.next().await.is_none());
}

#[tokio::test]
async fn a_command_that_cannot_be_started_is_the_failure_of_its_line() {
    let names = ["true", "no-such-program", "a\0b", "", "true"];
    let names = names.map(OsString::from);
    let results = run_for_each(stream::iter(names), 2, |line| Command::new(line));
    let results: Vec<_> = results.collect().await;
    let started = Vec::from_iter(results.iter().map(|(_, result)| result.is_ok()));
    assert_eq!(started, [true, false, false, false, true]);
}

#[tokio::test]
async fn commands_stay_in_the_process_group_and_their_stdin_is_empty() {
    let script = "ps -o pgid= -p $$; wc -c";
    let results = run_for_each(stream::iter(lines(1)), 1, |line| shell(script, line));
    let results: Vec<_> = results.collect().await;
    let (_, finished) = results.into_iter().next().unwrap();
    let output = text(finished.unwrap());
    let words = Vec::from_iter(output.split_whitespace());
    assert_eq!(words, [getpgrp().to_string().as_str(), "0"]);
}

/// Starts the program itself, with pipes, as the leader of a process group.
fn start(command: &[&str], folder: &Path) -> Child {
    let mut program = StdCommand::new(env!("CARGO_BIN_EXE_parallel_commands"));
    program
        .args(command)
        .current_dir(folder)
        .process_group(0)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped());
    program.spawn().unwrap()
}

#[test]
fn a_command_starts_and_ends_while_lines_still_come() {
    let mut program = start(&["echo"], Path::new("/"));
    let mut input = program.stdin.take().unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap());
    for word in ["one\n", "two\n"] {
        input.write_all(word.as_bytes()).unwrap();
        let mut answer = String::new();
        output.read_line(&mut answer).unwrap();
        assert_eq!(answer, word);
    }
    drop(input);
    assert!(program.wait().unwrap().success());
}

#[test]
fn a_line_is_bytes() {
    let mut program = start(&["printf", "[%s]"], Path::new("/"));
    let mut input = program.stdin.take().unwrap();
    input.write_all(b"a b\r\n'\xff\n\nlast").unwrap();
    drop(input);
    let output = program.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"[a b\r]['\xff][][last]");
    assert!(output.status.success());
}

/// Starts a command that sleeps, sends the signal, and returns how the program ended. Waits until
/// the command has ended too.
fn send(signal: Signal, to_the_group: bool) -> std::process::ExitStatus {
    let folder = tempfile::tempdir().unwrap();
    let sleep = "echo $$ > new; mv new pid; exec sleep 1000";
    let mut program = start(&["sh", "-c", sleep], folder.path());
    let mut input = program.stdin.take().unwrap();
    input.write_all(b"line\n").unwrap();
    let id = loop {
        match fs::read_to_string(folder.path().join("pid")) {
            Ok(text) => break Pid::from_raw(text.trim().parse().unwrap()),
            Err(_) => thread::sleep(Duration::from_millis(10)),
        }
    };
    let leader = Pid::from_raw(program.id().try_into().unwrap());
    if to_the_group {
        killpg(leader, signal).unwrap();
    } else {
        kill(leader, signal).unwrap();
    }
    let status = program.wait().unwrap(); // though its stdin is still open
    drop(input);
    for _ in 0..1000 {
        if kill(id, None) == Err(Errno::ESRCH) {
            return status;
        }
        thread::sleep(Duration::from_millis(10));
    }
    panic!("the command still runs");
}

#[test]
fn ctrl_c_and_ctrl_backslash_end_the_program_and_its_commands() {
    for signal in [Signal::SIGINT, Signal::SIGQUIT, Signal::SIGHUP] {
        let status = send(signal, true);
        assert_eq!(status.signal(), Some(signal as i32));
    }
}

#[test]
fn sigterm_to_the_program_alone_kills_its_commands() {
    let status = send(Signal::SIGTERM, false);
    assert_eq!(status.code(), Some(1));
}
