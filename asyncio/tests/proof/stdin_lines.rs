use std::env;
use std::io;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::time::timeout;

#[path = "../../src/bin/stdin_lines.rs"]
#[allow(dead_code)]
mod program;
use program::stdin_lines;

const PROGRAM: &str = env!("CARGO_BIN_EXE_stdin_lines");
const LIMIT: Duration = Duration::from_secs(10);

/// The program, with pipes in place of a terminal.
struct Program {
    child: Child,
    stdin: ChildStdin,
    stdout: Lines<BufReader<ChildStdout>>,
}

impl Program {
    fn start(command: &mut Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .unwrap();
        let stdout = child.stdout.take().unwrap();
        Self {
            stdin: child.stdin.take().unwrap(),
            stdout: BufReader::new(stdout).lines(),
            child,
        }
    }

    async fn type_in(&mut self, text: &[u8]) {
        self.stdin.write_all(text).await.unwrap();
    }

    async fn next_line(&mut self) -> String {
        let line = timeout(LIMIT, self.stdout.next_line()).await;
        line.expect("no output").unwrap().expect("it has ended")
    }

    /// Waits for the exit. Unlike `Child::wait`, this does not close stdin.
    async fn exit_status(&mut self) -> io::Result<ExitStatus> {
        let wait = async {
            while self.stdout.next_line().await?.is_some() {}
            loop {
                match self.child.try_wait()? {
                    Some(status) => return Ok(status),
                    None => tokio::time::sleep(Duration::from_millis(5)).await,
                }
            }
        };
        timeout(LIMIT, wait).await.expect("it does not exit")
    }
}

#[tokio::test]
async fn after_quit_the_program_exits_though_stdin_stays_open() {
    let mut program = Program::start(&mut Command::new(PROGRAM));
    program.type_in(b"quit\n").await;
    let status = program.exit_status().await.unwrap();
    assert!(status.success());
    program.stdin.write_all(b"still open").await.unwrap_err(); // its reader has ended, not we
}

#[tokio::test]
async fn tasks_go_on_while_stdin_is_silent() {
    let mut program = Program::start(&mut Command::new(PROGRAM));
    program.type_in(b"news\n").await;
    assert_eq!(program.next_line().await, "downloaded: news");
    program.type_in(b"mail\n").await;
    assert_eq!(program.next_line().await, "downloaded: mail");
}

#[tokio::test]
async fn the_end_of_stdin_ends_the_lines() {
    for input in ["", "news", "news\n"] {
        let mut program = Program::start(&mut Command::new(PROGRAM));
        program.type_in(input.as_bytes()).await;
        program.stdin.shutdown().await.unwrap();
        let Program { stdin, stdout, .. } = program;
        drop(stdin);
        let mut output = String::new();
        let read = stdout.into_inner().read_to_string(&mut output).await;
        read.unwrap();
        let expected = match input {
            "" => "exit\n",
            _ => "downloaded: news\nexit\n",
        };
        assert_eq!(output, expected);
    }
}

#[tokio::test]
async fn a_line_that_is_not_utf_8_is_an_error_and_the_last() {
    let mut test = Command::new(env::current_exe().unwrap());
    test.args(["--exact", "stdin_lines::print_lines"]);
    let mut program = Program::start(test.args(["--ignored", "--nocapture"]));
    program.type_in(b"one\n\xfe\nthree\n").await;
    while program.next_line().await != "begin" {} // skips what the test harness prints
    assert_eq!(program.next_line().await, "one");
    let error = program.next_line().await;
    assert_eq!(error, "error: stream did not contain valid UTF-8");
    assert_eq!(program.next_line().await, "end");
}

#[tokio::test]
#[ignore = "a process of the test above"]
async fn print_lines() {
    println!("\nbegin");
    let mut lines = stdin_lines();
    while let Some(line) = lines.recv().await {
        match line {
            Ok(line) => println!("{line}"),
            Err(error) => println!("error: {error}"),
        }
    }
    println!("end");
}
