use std::process::Command;

use nix::sys::resource::{Resource, getrlimit};

#[path = "../../src/bin/crash_isolation.rs"]
#[allow(dead_code)]
mod program;
use program::run_isolated;

const GIB: u64 = 1 << 30;

fn sh(script: &str) -> Command {
    let mut command = Command::new("sh");
    command.args(["-c", script]);
    command
}

#[test]
fn the_child_and_its_children_have_the_limit_and_this_process_does_not() {
    let before = getrlimit(Resource::RLIMIT_AS).unwrap();
    let limits = run_isolated(sh("ulimit -v; sh -c 'ulimit -v'"), GIB).unwrap();
    assert_eq!(limits, "1048576\n1048576\n"); // KiB
    assert_eq!(getrlimit(Resource::RLIMIT_AS).unwrap(), before);
}

#[test]
fn each_crash_is_an_error_with_its_signal_and_stderr() {
    for (signal, text) in [
        ("SEGV", "signal: 11 (SIGSEGV)"),
        ("ABRT", "signal: 6 (SIGABRT)"),
        ("BUS", "signal: 7 (SIGBUS)"),
    ] {
        let child = sh(&format!("ulimit -c 0; echo reason >&2; kill -{signal} $$"));
        let error = run_isolated(child, GIB).unwrap_err();
        assert_eq!(error.to_string(), format!("{text}: reason"));
    }
}

#[test]
fn a_child_gets_memory_up_to_its_limit_and_no_more() {
    // dd allocates 64 MiB in one piece.
    let copy = "dd if=/dev/zero of=/dev/null bs=64M count=1 2>/dev/null && echo copied";
    assert_eq!(run_isolated(sh(copy), GIB).unwrap(), "copied\n");

    // The shell itself runs in 48 MiB, and dd gets no 64 MiB more.
    let copy = format!("({copy}); echo status $?");
    let answer = run_isolated(sh(&copy), GIB / 16 * 3 / 4).unwrap();
    assert_eq!(answer, "status 1\n");
}

#[test]
fn a_child_that_does_not_start_is_an_error() {
    assert!(run_isolated(Command::new("/no/such/program"), GIB).is_err());
}
