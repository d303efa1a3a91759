use std::io::Read;
use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

#[path = "../../src/bin/signal_child.rs"]
#[allow(dead_code)]
mod program;
use program::stop;

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_millis(100);

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdout(Stdio::piped());
    command
}

/// Waits until the child prints a byte.
fn wait_for_a_byte(child: &mut Child) {
    let stdout = child.stdout.as_mut().unwrap();
    stdout.read_exact(&mut [0]).unwrap();
}

/// Waits until nobody has the child's stdout any more: neither the child nor what it has started.
fn wait_for_the_end(mut child: Child) {
    let mut stdout = child.stdout.take().unwrap();
    stdout.read_to_end(&mut Vec::new()).unwrap();
}

#[test]
fn a_child_that_ends_when_asked_is_neither_killed_nor_waited_for_longer() {
    let script = "trap 'exit 5' TERM; echo; while :; do sleep 0.01; done";
    let mut child = shell(script).process_group(0).spawn().unwrap();
    wait_for_a_byte(&mut child);
    let start = Instant::now();
    let status = stop(&mut child, LONG).unwrap();
    assert_eq!(status.code(), Some(5));
    assert!(start.elapsed() < LONG / 2);
    let pid = Pid::from_raw(child.id() as i32);
    assert_eq!(kill(pid, None), Err(Errno::ESRCH), "a zombie");
}

#[test]
fn what_a_child_leaves_behind_is_killed_also_when_it_has_ended_by_itself() {
    let script = "trap '' TERM; sleep 600 & exit 3";
    let mut child = shell(script).process_group(0).spawn().unwrap();
    let status = stop(&mut child, LONG).unwrap();
    // It may have been asked before it said that it does not listen.
    assert!(status.code() == Some(3) || status.signal() == Some(15));
    wait_for_the_end(child);
}

#[test]
fn what_a_child_that_ends_when_asked_leaves_behind_is_killed() {
    let script = "trap 'exit 5' TERM; (trap '' TERM; sleep 600) & echo; wait";
    let mut child = shell(script).process_group(0).spawn().unwrap();
    wait_for_a_byte(&mut child);
    let status = stop(&mut child, LONG).unwrap();
    assert_eq!(status.code(), Some(5));
    wait_for_the_end(child);
}

#[test]
fn without_a_group_of_its_own_the_child_is_killed_nevertheless() {
    let script = "trap '' TERM; echo; while :; do sleep 0.01; done";
    let mut child = shell(script).spawn().unwrap();
    wait_for_a_byte(&mut child);
    let status = stop(&mut child, SHORT).unwrap();
    assert_eq!(status.signal(), Some(9));
}
