use std::process::{Command, Stdio};

const PROGRAM: &str = env!("CARGO_BIN_EXE_spawn_self");

/// The number after "I am process", in the line of `who`.
fn pid_of(who: &str, output: &str) -> u32 {
    let start = format!("{who}: I am process ");
    let line = output.lines().find_map(|line| line.strip_prefix(&start));
    let digits = line.unwrap().split(',').next().unwrap();
    digits.parse().unwrap()
}

#[test]
fn parent_and_child_are_two_processes_and_the_child_starts_no_other() {
    let parent = Command::new(PROGRAM)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let parent_pid = parent.id();
    let output = parent.wait_with_output().unwrap();
    let output = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.matches("I am process").count(), 2, "{output}");
    assert_eq!(pid_of("parent", &output), parent_pid);
    assert_ne!(pid_of("child", &output), parent_pid);
}
