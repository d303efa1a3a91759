use std::collections::BTreeMap;
use std::process::Command;

use serde::{Deserialize, Serialize};

#[path = "../../src/bin/pickle_args.rs"]
#[allow(dead_code)]
mod program;
use program::run_in_child;

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Job {
    name: String,
    numbers: Vec<i64>,
    steps: Vec<Step>,
    options: BTreeMap<String, Option<f64>>,
    pair: (u8, char),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Step {
    Wait,
    Move { x: i32, y: i32 },
    Say(String),
}

/// A child that sends back what it gets. It reads everything first.
fn echo() -> Command {
    shell("job=$(cat); printf %s \"$job\"")
}

fn shell(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

fn error_of(command: Command, job: &str) -> String {
    let result: anyhow::Result<String> = run_in_child(command, &job);
    result.unwrap_err().to_string()
}

#[test]
fn a_value_is_equal_after_the_way_there_and_back() {
    let job = Job {
        name: "line\none, \"quoted\", \u{1f980}\0".to_owned(),
        numbers: vec![i64::MIN, -1, 0, i64::MAX],
        steps: vec![
            Step::Wait,
            Step::Move { x: -1, y: 2 },
            Step::Say(String::new()),
        ],
        options: BTreeMap::from([("none".to_owned(), None), ("some".to_owned(), Some(0.1))]),
        pair: (255, '\''),
    };
    let back: Job = run_in_child(echo(), &job).unwrap();
    assert_eq!(back, job);
}

#[test]
fn a_job_of_several_megabytes_arrives_whole() {
    let job = "x".repeat(4 << 20);
    let back: String = run_in_child(echo(), &job).unwrap();
    assert!(back == job);
}

#[test]
fn a_child_that_fails_is_an_error_with_its_status_although_it_has_not_read_the_job() {
    let large = "x".repeat(4 << 20);
    assert_eq!(
        error_of(shell("exit 3"), &large),
        "the child failed: exit status: 3"
    );
    let error = error_of(shell("echo '\"a result\"'"), &large);
    assert!(error.contains("Broken pipe"), "{error}");
    assert_eq!(
        error_of(shell("echo '\"a result\"'; kill -9 $$"), ""),
        "the child failed: signal: 9 (SIGKILL)"
    );
}

#[test]
fn a_job_or_result_of_another_type_is_an_error() {
    let mut child = Command::new(env!("CARGO_BIN_EXE_pickle_args"));
    child.arg("--child");
    assert_eq!(
        error_of(child, "not an order"),
        "the child failed: exit status: 1"
    );
    assert!(error_of(shell("cat >/dev/null; echo 7"), "").contains("expected a string"));
    assert!(error_of(shell("cat >/dev/null"), "").contains("EOF"));
    assert!(error_of(shell("cat >/dev/null; echo loading; echo '\"7\"'"), "").contains("expected"));
}

#[test]
fn json_carries_neither_nan_nor_a_map_whose_keys_are_lists_and_postcard_does() {
    let back: anyhow::Result<f64> = run_in_child(echo(), &f64::NAN);
    assert!(back.is_err());
    let map = BTreeMap::from([(vec![1], 2)]);
    let back: anyhow::Result<BTreeMap<Vec<i32>, i32>> = run_in_child(echo(), &map);
    assert!(back.is_err());

    let bytes = postcard::to_stdvec(&(f64::NAN, &map)).unwrap();
    let back: (f64, BTreeMap<Vec<i32>, i32>) = postcard::from_bytes(&bytes).unwrap();
    assert!(back.0.is_nan());
    assert_eq!(back.1, map);
}
