//! Runs the program itself, since what it does depends on the limits that it is started with.

use std::process::Command;

const PROGRAM: &str = env!("CARGO_BIN_EXE_ten_thousand_connections");

/// Runs the program after `ulimit` with these arguments, and returns what it prints.
fn run(ulimit: &str) -> String {
    let script = format!("ulimit {ulimit} && exec \"$0\"");
    let output = Command::new("sh")
        .args(["-c", &script, PROGRAM])
        .output()
        .unwrap();
    let errors = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{}: {errors}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

#[test]
fn it_serves_as_many_as_a_low_limit_allows() {
    for (limit, connections) in [("256", 200), ("1024", 968)] {
        let output = run(&format!("-n {limit}"));
        let first = format!("{connections} connections are open, on one thread\n");
        assert!(output.starts_with(&first), "{limit}: {output}");
        assert!(output.ends_with("all clients were answered\n"));
    }
}

#[test]
fn it_raises_the_soft_limit_up_to_the_hard_one() {
    let output = run("-Sn 64 && ulimit -Hn 1024");
    assert!(output.starts_with("968 connections"), "{output}");
}

#[test]
fn with_hardly_any_files_it_serves_one() {
    let output = run("-n 32");
    assert!(output.starts_with("1 connections"), "{output}");
}
