//! A fork must happen where no other thread runs, so this test has a `main` of its own
//! (`harness = false`), which runs one test after the other on its only thread.

use std::env;
use std::fs;
use std::io::{self, PipeWriter, Read, Write};
use std::process::{self, Command};

use libtest_mimic::{Arguments, Trial};
use nix::errno::Errno;
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

#[path = "../src/bin/fork_inherit.rs"]
#[allow(dead_code)]
mod program;

/// The argument with which this test prints and forks, for a test that looks at the output.
const PRINT: &str = "--print";

fn run_in_fork(work: impl FnOnce() -> u8) -> WaitStatus {
    // SAFETY: all tests run on the only thread of this process.
    unsafe { program::run_in_fork(work) }.unwrap()
}

fn exit_code(status: WaitStatus) -> i32 {
    match status {
        WaitStatus::Exited(_, code) => code,
        other => panic!("{other:?}"),
    }
}

/// How much memory of this process nobody else has, in KiB.
fn private_kib() -> u64 {
    let text = fs::read_to_string("/proc/self/smaps_rollup").unwrap();
    let mut kib = 0;
    for line in text.lines() {
        if line.starts_with("Private_Dirty:") {
            let number = line.split_whitespace().nth(1).unwrap();
            kib += number.parse::<u64>().unwrap();
        }
    }
    kib
}

fn a_page_is_copied_when_it_is_written_to() {
    if !cfg!(target_os = "linux") {
        return;
    }
    const KIB: u64 = 32 * 1024;
    let mut bytes = vec![1_u8; KIB as usize * 1024];
    let status = run_in_fork(|| {
        let sum: u64 = bytes.iter().map(|byte| u64::from(*byte)).sum();
        assert_eq!(sum, KIB * 1024);
        let after_reading = private_kib();
        let half = bytes.len() / 2;
        bytes[..half].fill(2);
        let after_writing = private_kib();
        assert!(after_reading < KIB / 8, "{after_reading}");
        assert!(after_writing > KIB * 3 / 8, "{after_writing}");
        assert!(after_writing < KIB * 5 / 8, "{after_writing}");
        0
    });
    assert_eq!(exit_code(status), 0);
    assert!(bytes.iter().all(|byte| *byte == 1));
}

fn a_panic_does_not_come_back_into_the_caller() {
    let (mut reader, writer) = io::pipe().unwrap();
    let caller = Caller {
        pid: process::id(),
        writer,
    };
    let status = run_in_fork(|| panic!("in the child"));
    assert_eq!(exit_code(status), 101);
    drop(caller);
    let mut dropped_in = Vec::new();
    reader.read_to_end(&mut dropped_in).unwrap();
    assert!(
        dropped_in.is_empty(),
        "the child has unwound into the caller"
    );
}

/// Stands in the frame of the caller, and reports if it is dropped in another process.
struct Caller {
    pid: u32,
    writer: PipeWriter,
}

impl Drop for Caller {
    fn drop(&mut self) {
        if process::id() != self.pid {
            self.writer.write_all(b"!").unwrap();
        }
    }
}

fn a_child_that_dies_is_reported_and_the_parent_goes_on() {
    let status = run_in_fork(|| process::abort());
    assert!(matches!(
        status,
        WaitStatus::Signaled(_, Signal::SIGABRT, _)
    ));
}

fn what_is_printed_without_a_newline_is_printed_once() {
    let output = Command::new(env::current_exe().unwrap())
        .arg(PRINT)
        .output()
        .unwrap();
    assert_eq!(output.stdout, b"before, child, after");
}

fn print_and_fork() {
    print!("before, ");
    run_in_fork(|| {
        print!("child, ");
        0
    });
    print!("after");
}

fn no_child_is_left() {
    for code in [0, 7, 255] {
        let status = run_in_fork(|| code);
        assert_eq!(exit_code(status), i32::from(code));
        let child = waitpid(None::<Pid>, Some(WaitPidFlag::WNOHANG));
        assert_eq!(child, Err(Errno::ECHILD));
    }
}

fn main() {
    if env::args().nth(1).as_deref() == Some(PRINT) {
        return print_and_fork();
    }
    let mut arguments = Arguments::from_args();
    arguments.test_threads = Some(1); // then libtest-mimic runs them on this thread
    let tests: [(&str, fn()); _] = [
        (
            "a_page_is_copied_when_it_is_written_to",
            a_page_is_copied_when_it_is_written_to,
        ),
        (
            "a_panic_does_not_come_back_into_the_caller",
            a_panic_does_not_come_back_into_the_caller,
        ),
        (
            "a_child_that_dies_is_reported_and_the_parent_goes_on",
            a_child_that_dies_is_reported_and_the_parent_goes_on,
        ),
        (
            "what_is_printed_without_a_newline_is_printed_once",
            what_is_printed_without_a_newline_is_printed_once,
        ),
        ("no_child_is_left", no_child_is_left),
    ];
    let tests = tests.map(|(name, test)| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    });
    libtest_mimic::run(&arguments, tests.into()).exit()
}
