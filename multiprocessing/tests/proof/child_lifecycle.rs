use std::io::Read;
use std::process::{Child, Command, Stdio};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

#[path = "../../src/bin/child_lifecycle.rs"]
#[allow(dead_code)]
mod program;
use program::{State, ended, state};

fn shell(script: &str) -> Child {
    Command::new("sh")
        .args(["-c", script])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap()
}

#[test]
fn the_status_is_the_same_however_often_it_is_asked_for() {
    let mut child = shell("exit 3");
    let status = child.wait().unwrap();
    assert_eq!(ended(status), State::Exited(3));
    assert_eq!(state(&mut child).unwrap(), State::Exited(3));
    assert_eq!(state(&mut child).unwrap(), State::Exited(3));
    assert_eq!(child.wait().unwrap(), status);
}

#[test]
fn an_exit_code_has_8_bits() {
    let mut child = shell("exit 259");
    assert_eq!(ended(child.wait().unwrap()), State::Exited(3));
}

#[test]
fn a_child_killed_by_another_signal_has_no_exit_code() {
    let mut child = shell("kill -TERM $$");
    assert_eq!(ended(child.wait().unwrap()), State::Killed(15));
}

#[test]
fn a_child_that_has_ended_is_in_the_process_table_until_it_is_waited_for() {
    let mut child = shell("exit 0");
    let pid = Pid::from_raw(child.id() as i32);
    let mut output = String::new();
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_string(&mut output).unwrap(); // until it ends
    assert_eq!(kill(pid, None), Ok(()));
    child.wait().unwrap();
    assert_eq!(kill(pid, None), Err(Errno::ESRCH));
}

#[test]
fn wait_closes_stdin_first() {
    let mut child = shell("cat"); // ends at the end of its stdin
    assert_eq!(state(&mut child).unwrap(), State::Running);
    assert_eq!(ended(child.wait().unwrap()), State::Exited(0));
}
