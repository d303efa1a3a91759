use std::io::{self, ErrorKind, PipeReader, Read};
use std::os::unix::process::ExitStatusExt;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[path = "../../src/bin/subprocess_timeout.rs"]
#[allow(dead_code)]
mod program;
use program::{Finished, run_with_timeout};

const LONG: Duration = Duration::from_secs(60);
const SHORT: Duration = Duration::from_secs(1);

/// Runs the script, and returns the pipe that it has as its stdout, and all that it starts.
fn run(script: &str, limit: Duration, grace: Duration) -> (Finished, PipeReader) {
    let (reader, writer) = io::pipe().unwrap();
    let mut command = Command::new("sh");
    command.args(["-c", script]).stdout(writer);
    let finished = run_with_timeout(&mut command, limit, grace);
    (finished.unwrap(), reader)
}

/// Reads the pipe to its end, which comes when all that hold it have ended.
fn output_when_all_have_ended(mut pipe: PipeReader) -> String {
    let (send, receive) = mpsc::sync_channel(1);
    thread::spawn(move || {
        let mut text = String::new();
        pipe.read_to_string(&mut text).unwrap();
        send.send(text)
    });
    let text = receive.recv_timeout(Duration::from_secs(10));
    text.expect("a program is still running")
}

fn assert_reaped(pid: &str) {
    let pid = Pid::from_raw(pid.trim_end().parse().unwrap());
    assert_eq!(
        kill(pid, None),
        Err(Errno::ESRCH),
        "it runs, or is a zombie"
    );
}

#[test]
fn a_command_that_ends_in_time_is_left_alone() {
    let (finished, pipe) = run("echo $$; exit 3", LONG, LONG);
    assert!(!finished.timed_out);
    assert_eq!(finished.status.code(), Some(3));
    assert_reaped(&output_when_all_have_ended(pipe));
}

#[test]
fn at_the_timeout_the_command_can_clean_up() {
    let start = Instant::now();
    let script = "trap 'echo cleaned up; exit 7' TERM; sleep 600 & wait";
    let (finished, pipe) = run(script, SHORT, LONG);
    assert!(finished.timed_out);
    assert_eq!(finished.status.code(), Some(7));
    assert_eq!(output_when_all_have_ended(pipe), "cleaned up\n");
    assert!(start.elapsed() < LONG, "the grace period was waited for");
}

#[test]
fn a_command_that_ignores_the_request_is_killed_with_its_children_and_reaped() {
    let script = "trap '' TERM; echo $$; sleep 600 & wait";
    let (finished, pipe) = run(script, SHORT, SHORT);
    assert!(finished.timed_out);
    assert_eq!(finished.status.signal(), Some(Signal::SIGKILL as i32));
    assert_reaped(&output_when_all_have_ended(pipe));
}

#[test]
fn a_child_that_ignores_the_request_does_not_survive_its_parent_that_heeds_it() {
    let script = "(trap '' TERM; exec sleep 600) & wait";
    let (finished, pipe) = run(script, SHORT, LONG);
    assert_eq!(finished.status.signal(), Some(Signal::SIGTERM as i32));
    assert_eq!(output_when_all_have_ended(pipe), "");
}

#[test]
fn a_program_left_in_the_background_is_killed_when_the_command_has_ended() {
    let (finished, pipe) = run("sleep 600 & exit 3", LONG, LONG);
    assert_eq!(finished.status.code(), Some(3));
    assert_eq!(output_when_all_have_ended(pipe), "");
}

#[test]
fn a_limit_of_zero_stops_the_command_at_once() {
    let (finished, pipe) = run("sleep 600", Duration::ZERO, LONG);
    assert!(finished.timed_out);
    assert_eq!(finished.status.signal(), Some(Signal::SIGTERM as i32));
    assert_eq!(output_when_all_have_ended(pipe), "");
}

#[test]
fn a_command_that_does_not_exist_is_an_error() {
    let finished = run_with_timeout(&mut Command::new("/no/such/program"), LONG, LONG);
    let error = finished.err().expect("nothing to run");
    assert_eq!(error.kind(), ErrorKind::NotFound);
}
