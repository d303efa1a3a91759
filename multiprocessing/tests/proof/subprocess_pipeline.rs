use std::fs;
use std::io;
use std::process::Command;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

#[path = "../../src/bin/subprocess_pipeline.rs"]
#[allow(dead_code)]
mod program;
use program::{Finished, pipeline};

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

/// Ends the test when the pipeline hangs.
fn run(producer: Command, consumer: Command) -> io::Result<Finished> {
    let (send, receive) = mpsc::sync_channel(1);
    thread::spawn(move || send.send(pipeline(producer, consumer)));
    receive
        .recv_timeout(Duration::from_secs(20))
        .expect("it hangs")
}

fn text(finished: &Finished) -> &str {
    let text = str::from_utf8(&finished.consumer.stdout);
    text.unwrap().trim_end()
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
fn a_consumer_that_ends_early_ends_the_producer_and_both_are_reaped() {
    let finished = run(sh("echo $$; exec yes"), sh("head -n 1; echo $$")).unwrap();
    for pid in text(&finished).lines() {
        assert_reaped(pid);
    }
    assert_eq!(text(&finished).lines().count(), 2);
    assert!(!finished.producer.success());
    assert!(finished.consumer.status.success());
}

#[test]
fn more_than_the_pipes_hold_comes_through_whole() {
    let finished = run(sh("seq 300000"), sh("cat")).unwrap();
    let lines = text(&finished).lines();
    let numbers = lines.map(|line| line.parse::<u32>().unwrap());
    assert!(numbers.eq(1..=300_000));
}

#[test]
fn a_producer_that_does_not_start_ends_the_consumer_which_is_reaped() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let consumer = sh(&format!("echo $$ >'{}'; cat", file.display()));
    assert!(run(Command::new("/no/such/program"), consumer).is_err());
    assert_reaped(&fs::read_to_string(file).unwrap());
}

#[test]
fn a_consumer_that_does_not_start_leaves_no_producer_behind() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("started");
    let mut producer = Command::new("touch");
    producer.arg(&file);
    assert!(run(producer, Command::new("/no/such/program")).is_err());
    assert!(!file.exists());
}

#[test]
fn each_status_is_told() {
    let finished = run(sh("exit 3"), sh("cat; exit 4")).unwrap();
    assert_eq!(finished.producer.code(), Some(3));
    assert_eq!(finished.consumer.status.code(), Some(4));
}
