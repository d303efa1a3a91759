#![cfg(unix)]

use std::env;
use std::io::{BufRead, BufReader, Lines};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

#[path = "../../src/bin/ctrl_c_threads.rs"]
#[allow(dead_code)]
mod program;
use program::{for_each_until_stopped, stop_at_ctrl_c};

fn spawn(command: &mut Command) -> (Child, Lines<BufReader<ChildStdout>>) {
    let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
    let output = child.stdout.take().unwrap();
    (child, BufReader::new(output).lines())
}

fn next(lines: &mut Lines<BufReader<ChildStdout>>) -> String {
    let line = lines.next().expect("the process has ended");
    line.unwrap()
}

fn press_ctrl_c(child: &Child) {
    let pid = Pid::from_raw(child.id() as i32);
    kill(pid, Signal::SIGINT).unwrap();
}

#[test]
fn at_ctrl_c_the_program_says_how_far_it_came_and_ends_well() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_ctrl_c_threads"));
    let (mut program, mut lines) = spawn(&mut command);
    next(&mut lines); // from this line on, Ctrl-C is handled
    press_ctrl_c(&program);
    let last = next(&mut lines);
    assert!(last.starts_with("stopped: "), "{last}");
    assert!(program.wait().unwrap().success());
}

#[test]
fn each_worker_finishes_the_item_in_hand_and_takes_no_other() {
    const WORKERS: usize = 4;
    let stop = AtomicBool::new(false);
    let all_at_work = Barrier::new(WORKERS);
    let finished = AtomicUsize::new(0);
    let mut items = 0..100;

    let count = for_each_until_stopped(items.by_ref(), WORKERS, &stop, |_| {
        all_at_work.wait();
        stop.store(true, Relaxed);
        all_at_work.wait(); // stopped, and everybody has an item in hand
        finished.fetch_add(1, Relaxed);
    });
    assert_eq!(count, WORKERS);
    assert_eq!(finished.into_inner(), WORKERS);
    assert_eq!(items.next(), Some(WORKERS));
}

#[test]
fn an_item_that_is_taken_at_the_moment_of_the_stop_is_worked_on() {
    let stop = AtomicBool::new(false);
    let items = (0..100).inspect(|_| stop.store(true, Relaxed));
    let worked_on = AtomicUsize::new(0);
    let count = for_each_until_stopped(items, 1, &stop, |_| {
        worked_on.fetch_add(1, Relaxed);
    });
    assert_eq!(count, 1);
    assert_eq!(worked_on.into_inner(), 1);
}

#[test]
fn without_a_stop_every_item_is_worked_on_once() {
    for length in [0, 1, 100] {
        let sum = AtomicUsize::new(0);
        let count = for_each_until_stopped(0..length, 4, &AtomicBool::new(false), |item| {
            sum.fetch_add(item, Relaxed);
        });
        assert_eq!(count, length);
        assert_eq!(sum.into_inner(), (0..length).sum());
    }
}

#[test]
fn a_second_ctrl_c_does_not_wait_for_the_item_in_hand() {
    let mut command = Command::new(env::current_exe().unwrap());
    command.args(["--exact", "ctrl_c_threads::endless_item"]);
    command.args(["--ignored", "--nocapture"]);
    let (mut process, mut lines) = spawn(&mut command);
    while !next(&mut lines).ends_with("at work") {} // skips what the test harness prints
    press_ctrl_c(&process);
    assert_eq!(next(&mut lines), "stopped");
    press_ctrl_c(&process);
    assert_eq!(process.wait().unwrap().code(), Some(130));
}

#[test]
#[ignore = "a process of the test above"]
fn endless_item() {
    let stop = stop_at_ctrl_c().unwrap();
    for_each_until_stopped(0..1, 1, &stop, |_| {
        println!("at work");
        let give_up = Instant::now() + Duration::from_secs(60); // the test has failed by then
        while !stop.load(Relaxed) && Instant::now() < give_up {
            thread::sleep(Duration::from_millis(1));
        }
        println!("stopped");
        thread::sleep(Duration::from_secs(60));
    });
}
