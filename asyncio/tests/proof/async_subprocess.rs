#![cfg(unix)]

use std::fs;
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use tokio::process::Command;
use tokio::time::{sleep, timeout};

#[path = "../../src/bin/async_subprocess.rs"]
#[allow(dead_code)]
mod program;
use program::run_all;

const LIMIT: Duration = Duration::from_secs(10);

/// An empty folder, which is deleted when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        let _ = fs::remove_dir_all(&path); // an error: no run was cut off before this one
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    fn shell(&self, script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]).current_dir(&self.0);
        command
    }

    /// Waits for a file, and returns the number in it.
    async fn pid(&self, file: &str) -> Pid {
        let path = self.0.join(file);
        let read = async {
            loop {
                let text = fs::read_to_string(&path).unwrap_or_default();
                if let Some(line) = text.strip_suffix('\n') {
                    return Pid::from_raw(line.parse().unwrap());
                }
                sleep(Duration::from_millis(5)).await;
            }
        };
        timeout(LIMIT, read).await.expect("no such file")
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0); // an error: it stays in the target folder
    }
}

/// Waits until no process has this number: it is dead, and no zombie.
async fn assert_reaped(pid: Pid) {
    let wait = async {
        while kill(pid, None) != Err(Errno::ESRCH) {
            sleep(Duration::from_millis(5)).await;
        }
    };
    timeout(LIMIT, wait).await.expect("still there");
}

#[tokio::test]
async fn all_run_at_once_and_the_outputs_are_in_order() {
    let folder = Folder::new("async_subprocess_at_once");
    // Each waits for the file of the next one, and the last for none: they end in reverse order.
    let commands = [1, 2, 3, 4].map(|number| {
        let next = number + 1;
        let wait = format!("until test -e {next}; do sleep 0.01; done");
        folder.shell(&format!("{wait}; touch {number}; echo {number}"))
    });
    fs::write(folder.0.join("5"), "").unwrap();
    let outputs = timeout(LIMIT, run_all(commands)).await;
    let outputs = outputs.expect("not at once");
    let outputs = outputs.into_iter().map(|output| output.unwrap().stdout);
    let text = String::from_utf8(outputs.collect::<Vec<_>>().concat()).unwrap();
    assert_eq!(text, "1\n2\n3\n4\n");
}

#[tokio::test]
async fn dropping_the_future_kills_and_reaps_the_children_but_not_theirs() {
    let folder = Folder::new("async_subprocess_dropped");
    let commands = [
        folder.shell("echo $$ > first; exec sleep 600"),
        folder.shell("sleep 600 & echo $! > grandchild; echo $$ > second; wait"),
    ];
    let running = tokio::spawn(run_all(commands));
    let first = folder.pid("first").await;
    let second = folder.pid("second").await;
    let grandchild = folder.pid("grandchild").await;

    running.abort();
    assert_reaped(first).await;
    assert_reaped(second).await;
    kill(grandchild, Signal::SIGKILL).expect("it lives on");
}

#[tokio::test]
async fn a_command_that_does_not_start_has_an_error_in_its_place() {
    let folder = Folder::new("async_subprocess_error");
    let commands = [
        folder.shell("echo first"),
        Command::new("/no/such/program"),
        folder.shell("echo third"),
    ];
    let outputs = run_all(commands).await;
    assert_eq!(outputs[0].as_ref().unwrap().stdout, b"first\n");
    let error = outputs[1].as_ref().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotFound);
    assert_eq!(outputs[2].as_ref().unwrap().stdout, b"third\n");
    assert!(run_all([]).await.is_empty());
}

#[tokio::test]
async fn more_output_than_the_pipes_hold_does_not_block() {
    let folder = Folder::new("async_subprocess_output");
    let command = folder.shell("seq 100000 >&2; seq 100000");
    let outputs = timeout(LIMIT, run_all([command])).await;
    let outputs = outputs.expect("it hangs");
    let output = outputs[0].as_ref().unwrap();
    let ends = output.stdout.iter().filter(|byte| **byte == b'\n');
    assert_eq!(ends.count(), 100_000);
    assert_eq!(output.stderr, output.stdout);
}

#[tokio::test]
async fn a_command_that_reads_its_input_finds_none() {
    let (reader, _writer) = io::pipe().unwrap(); // silent, and open
    let mut command = Command::new("cat");
    command.stdin(reader);
    let outputs = timeout(LIMIT, run_all([command])).await;
    let outputs = outputs.expect("it waits for input");
    assert!(outputs[0].as_ref().unwrap().status.success());
}
