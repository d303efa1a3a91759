use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::ExitStatusExt;
use std::process::{self, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

#[path = "../../src/bin/choose_model.rs"]
#[allow(dead_code)]
mod program;
use program::measure;

#[tokio::test]
async fn computing_is_counted_as_processor_time() {
    let mut command = Command::new("sh");
    // The system kills it after a second of processor time, however long that takes.
    command.args(["-c", "ulimit -t 1; while :; do :; done"]);
    let usage = measure(&mut command).await.unwrap();
    assert!(usage.status.signal().is_some());
    assert!(usage.cpu_time >= Duration::from_millis(900));
    assert!(usage.wall_time >= Duration::from_millis(900));
}

#[tokio::test]
async fn dropping_the_future_kills_the_command() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pid");
    let mut command = Command::new("sh");
    command.args(["-c", "echo $$ >pid.new; mv pid.new pid; exec sleep 60"]);
    command.current_dir(folder.path());
    let running = tokio::spawn(async move { measure(&mut command).await.is_ok() });
    while !file.exists() {
        sleep(Duration::from_millis(10)).await;
    }
    let pid = fs::read_to_string(file).unwrap();
    running.abort();
    assert!(running.await.unwrap_err().is_cancelled());
    let ended = async {
        while is_running(&pid) {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(Duration::from_secs(10), ended).await.unwrap();
}

fn is_running(pid: &str) -> bool {
    let pid = Pid::from_raw(pid.trim().parse().unwrap());
    kill(pid, None) != Err(Errno::ESRCH)
}

fn program() -> process::Command {
    process::Command::new(env!("CARGO_BIN_EXE_choose_model"))
}

#[test]
fn a_full_stderr_changes_nothing_about_the_exit_status() {
    for (script, expected) in [("exit 0", 0), ("exit 3", 3), ("kill -9 $$", 128 + 9)] {
        let mut program = program();
        program.args(["sh", "-c", script]);
        program.stderr(File::create("/dev/full").unwrap());
        let status = program.status().unwrap();
        assert_eq!(status.code(), Some(expected), "{script}");
    }
}

#[test]
fn a_closed_stderr_changes_nothing_about_the_exit_status() {
    let mut shell = process::Command::new("sh");
    shell.args(["-c", r#""$0" sh -c "exit 3" 2>&-"#]);
    shell.arg(env!("CARGO_BIN_EXE_choose_model"));
    assert_eq!(shell.status().unwrap().code(), Some(3));
}

#[test]
fn stdin_stdout_and_arguments_are_those_of_the_command() {
    let mut program = program();
    program.args(["sh", "-c", r#"printf %s "$1"; cat"#, "sh"]);
    program.arg(OsStr::from_bytes(b"--\xff-"));
    program.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut program = program.stderr(Stdio::null()).spawn().unwrap();
    let mut stdin = program.stdin.take().unwrap();
    stdin.write_all(b"from stdin").unwrap();
    drop(stdin);
    let output = program.wait_with_output().unwrap();
    assert_eq!(output.stdout, b"--\xff-from stdin");
}

/// Starts the program with a command that runs until its stdin is closed.
fn start() -> process::Child {
    let mut program = program();
    program.args(["sh", "-c", "echo; read line; exit 5"]);
    program.stdin(Stdio::piped()).stdout(Stdio::piped());
    let mut program = program.stderr(Stdio::piped()).spawn().unwrap();
    let stdout = program.stdout.as_mut().unwrap();
    stdout.read_exact(&mut [0]).unwrap(); // the command runs
    program
}

fn signal(program: &process::Child, signal: Signal) {
    let pid = Pid::from_raw(program.id().try_into().unwrap());
    kill(pid, signal).unwrap();
}

#[test]
fn ctrl_c_is_for_the_command_and_the_report_comes_at_its_end() {
    let program = start();
    signal(&program, Signal::SIGINT); // as from a terminal, where the command gets it too
    thread::sleep(Duration::from_millis(100));
    let output = program.wait_with_output().unwrap(); // closes stdin
    assert_eq!(output.status.code(), Some(5));
    let report = String::from_utf8(output.stderr).unwrap();
    assert!(report.contains("cores busy"), "{report}");
}

#[test]
fn a_signal_that_ends_the_program_ends_the_command_too() {
    for name in [Signal::SIGTERM, Signal::SIGHUP] {
        let mut program = start();
        let stdin = program.stdin.take();
        let mut stdout = program.stdout.take().unwrap();
        let (report, ended) = mpsc::channel();
        thread::spawn(move || {
            let _ = stdout.read_to_end(&mut Vec::new()); // the end of the command closes it
            report.send(()).unwrap();
        });
        signal(&program, name);
        let ended = ended.recv_timeout(Duration::from_secs(10));
        drop(stdin);
        ended.expect("the command has ended");
        assert_eq!(program.wait().unwrap().code(), Some(1));
    }
}
