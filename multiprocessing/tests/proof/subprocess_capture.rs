use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

#[path = "../../src/bin/subprocess_capture.rs"]
#[allow(dead_code)]
mod program;
use program::{capture, capture_with_input};

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Ends the test when `run` hangs.
fn within_20_seconds<T: Send + 'static>(run: impl FnOnce() -> T + Send + 'static) -> T {
    let (send, receive) = mpsc::sync_channel(1);
    thread::spawn(move || send.send(run()));
    receive
        .recv_timeout(Duration::from_secs(20))
        .expect("it hangs")
}

#[test]
fn more_input_and_output_than_the_pipes_hold_does_not_block() {
    let input = "a line\n".repeat(200_000);
    let expected = input.clone();
    let output = within_20_seconds(move || capture_with_input(&mut Command::new("cat"), &input));
    assert!(output.unwrap() == expected);
}

#[test]
fn a_command_that_reads_none_of_its_input_is_no_error() {
    let input = "a line\n".repeat(200_000);
    let output = within_20_seconds(move || capture_with_input(&mut sh("echo done"), &input));
    assert_eq!(output.unwrap(), "done\n");
}

#[test]
fn without_input_the_command_reads_an_end_at_once() {
    let output = within_20_seconds(|| capture(&mut Command::new("cat")));
    assert_eq!(output.unwrap(), "");
}

#[test]
fn a_failure_is_an_error_with_the_status_and_stderr() {
    let error = capture(&mut sh("echo result; echo reason >&2; exit 3")).unwrap_err();
    let error = error.to_string();
    assert!(error.ends_with("exit status: 3: reason"), "{error}");

    let error = capture_with_input(&mut sh("kill -9 $$"), "").unwrap_err();
    let error = error.to_string();
    assert!(error.ends_with("signal: 9 (SIGKILL): "), "{error}");
}

#[test]
fn arguments_are_not_for_a_shell() {
    let argument = "a  b; echo $HOME *";
    let output = capture(Command::new("printf").args(["%s", argument]));
    assert_eq!(output.unwrap(), argument);
}

#[test]
fn a_command_that_does_not_exist_and_output_that_is_no_text_are_errors() {
    let error = capture(&mut Command::new("/no/such/program")).unwrap_err();
    assert_eq!(error.to_string(), "\"/no/such/program\"");
    assert!(capture(&mut sh(r"printf '\377'")).is_err());
}
