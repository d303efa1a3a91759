use std::io::{BufRead, BufReader};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, Stdio};
use std::sync::mpsc;
use std::thread;

#[path = "../../src/bin/child_dies_with_parent.rs"]
#[allow(dead_code)]
mod program;
use program::kill_with_parent;

const PROGRAM: &str = env!("CARGO_BIN_EXE_child_dies_with_parent");

#[test]
fn the_child_is_killed_when_the_thread_that_started_it_ends_and_not_before() {
    let (end, wait) = mpsc::sync_channel::<()>(1);
    let (started, child) = mpsc::sync_channel(1);
    let starter = thread::spawn(move || {
        let mut sleep = Command::new("sleep");
        let child = kill_with_parent(sleep.arg("600")).spawn().unwrap();
        started.send(child).unwrap();
        let _ = wait.recv();
    });
    let mut child = child.recv().unwrap();
    assert_eq!(child.try_wait().unwrap(), None);
    drop(end);
    starter.join().unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
}

#[test]
fn a_child_that_watches_its_stdin_ends_with_it_however_its_parent_ends() {
    let mut child = Command::new(PROGRAM)
        .arg("--child")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut line = String::new();
    let mut stdout = BufReader::new(child.stdout.take().unwrap());
    stdout.read_line(&mut line).unwrap();
    assert_eq!(line, "child: I am running\n");
    assert_eq!(child.try_wait().unwrap(), None);

    let pipe = child.stdin.take().unwrap();
    drop(pipe); // what the system does when a process ends
    assert_eq!(child.wait().unwrap().code(), Some(1));
}

#[test]
fn wait_closes_the_pipe_and_so_ends_the_child() {
    let mut child = Command::new(PROGRAM)
        .arg("--child")
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .spawn()
        .unwrap();
    assert_eq!(child.wait().unwrap().code(), Some(1));
}
