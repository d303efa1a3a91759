use std::process::Command;

use nix::errno::Errno;
use nix::sys::signal::kill;
use nix::unistd::Pid;

#[path = "../../src/bin/cpu_across_processes.rs"]
#[allow(dead_code)]
mod program;
use program::{Worker, map};

fn shell(script: &str) -> Worker {
    Worker::start(Command::new("sh").args(["-c", script])).unwrap()
}

fn lines(lines: &[&str]) -> Vec<String> {
    lines.iter().map(|line| line.to_string()).collect()
}

fn assert_reaped(pids: &[u32]) {
    for pid in pids {
        let pid = Pid::from_raw(*pid as i32);
        assert_eq!(
            kill(pid, None),
            Err(Errno::ESRCH),
            "it runs, or is a zombie"
        );
    }
}

#[test]
fn a_slow_line_holds_up_no_other_worker_and_the_answers_are_in_order() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("the last line was read");
    let last_line = path.display();
    // The answer to the first line comes only after the last line was read.
    let script = format!(
        "while read -r line; do
            if [ $line = last ]; then : > '{last_line}'; fi
            if [ $line = first ]; then
                tries=0
                until [ -e '{last_line}' ]; do
                    tries=$((tries + 1))
                    if [ $tries = 1000 ]; then exit 1; fi
                    sleep 0.01
                done
            fi
            echo \"answer to $line\"
        done"
    );
    let mut workers = [shell(&script), shell(&script)];
    let answers = map(&mut workers, &lines(&["first", "2", "3", "4", "last"]));
    let expected = ["first", "2", "3", "4", "last"].map(|line| format!("answer to {line}"));
    assert_eq!(answers.unwrap(), expected);
}

#[test]
fn a_worker_that_dies_is_an_error_with_its_status_and_nothing_is_left_of_the_others() {
    let script = "while read -r line; do
            if [ $line = bad ]; then exit 3; fi
            echo $line
        done";
    let mut workers = [shell(script), shell(script)];
    let pids = workers.each_ref().map(Worker::id);
    let error = map(&mut workers, &lines(&["1", "2", "bad", "4"])).unwrap_err();
    let expected = "no answer to \"bad\", the worker has ended: exit status: 3";
    assert_eq!(error.to_string(), expected);
    drop(workers);
    assert_reaped(&pids);
}

#[test]
fn half_an_answer_is_none() {
    let mut worker = shell("read -r line; printf 17; exit 1");
    let error = worker.ask("1").unwrap_err();
    assert!(error.to_string().ends_with("exit status: 1"), "{error}");
}

#[test]
fn a_worker_that_closes_its_output_and_runs_on_is_an_error() {
    let mut worker = shell("exec sleep 600 >/dev/null");
    let error = worker.ask("1").unwrap_err();
    assert!(
        error.to_string().ends_with("signal: 9 (SIGKILL)"),
        "{error}"
    );
    assert!(worker.ask("2").is_err());
}

#[test]
fn dropping_a_busy_worker_kills_and_reaps_it() {
    let worker = shell("exec sleep 600");
    let pid = worker.id();
    drop(worker);
    assert_reaped(&[pid]);
}

#[test]
fn no_lines_give_no_answers_and_a_long_line_comes_back_whole() {
    let mut workers = [shell("exec sed -u ''")];
    assert!(map(&mut workers, &[]).unwrap().is_empty());
    let long = "x".repeat(1 << 20);
    let answers = map(&mut workers, &lines(&["", &long])).unwrap();
    assert!(answers == ["", &long]);
}

#[test]
#[should_panic = "more than one line"]
fn two_lines_are_not_one() {
    let _ = shell("exec sed -u ''").ask("1\n2");
}
