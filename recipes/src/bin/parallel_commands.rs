//! Run a command for each line of stdin, N at once, and get statuses and outputs in order.
//!
//! Use it like `xargs -P`, where outputs must not mix, and nothing may be left behind.
//! `buffered(n)` starts the next command when the one whose turn it is has been handed over, so a
//! slow one holds back those behind it; in any order, with none held back: `buffer_unordered(n)`.
//! Both pipes of a child are read while you wait for the next result; while you do something else,
//! one that fills a pipe waits. Its whole output is in memory, and its stdin is empty. A command
//! that fails, or does not start, is a result like any other. Each child leads a process group of
//! its own. Dropping the stream kills the groups that run, with their grandchildren, at once and
//! without asking (SIGKILL), but for what has left its group, as `timeout` does without
//! `--foreground`, and `setsid`; so do Ctrl-C, SIGTERM and a closed terminal. A function instead of
//! a command: `cpu_across_processes`. With a time limit: `tokio::time::timeout` around
//! `run`.
//!
//! Python: `asyncio.create_subprocess_exec` under a semaphore, then `gather`; its children outlive
//! a canceled task unless a `finally` kills each, and the grandchildren do even then.
//! Needs: `cargo add anyhow@1 futures@0.3 tempfile@3`, `cargo add clap@4 -F derive`,
//! `cargo add nix@0.31 -F signal`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p recipes --bin parallel_commands
//! 12 outputs in order: true; 12 statuses in order: true
//! 4 at once, as the commands counted; 1 ended after 2: true
//!
//! $ seq 0 2 | cargo run -p recipes --bin parallel_commands -- sh -c 'echo "line $0"; exit $0'
//! ? 1
//! line 0
//! line 1
//! 1: exit status: 1
//! line 2
//! 2: exit status: 2
//!
//! $ seq 4 | cargo run -p recipes --bin parallel_commands -- \
//!     sh -c 'sleep 1000 & [ $0 != 4 ] || kill -INT $PPID; wait'
//! ? 130
//!
//! $ cargo run -p recipes --bin parallel_commands -- --limit 0 true
//! ? 2
//! error: invalid value '0' for '--limit <N>': 0 is not in 1..=1000
//! ...
//! ```

use std::io::{self, Write, stderr, stdout};
use std::{ffi::OsString, mem, pin::pin, process::ExitCode, process::Output, process::Stdio};

use anyhow::Result;
use clap::{Parser, value_parser};
use futures::{Stream, StreamExt, TryStreamExt, stream};
use nix::{sys::signal::Signal, sys::signal::killpg, unistd::Pid};
use tokio::{process::Command, select, signal::unix::SignalKind, signal::unix::signal};

/// Runs the commands, at most `limit` at once, and yields the output and the status of each, or why
/// it did not start, in the order of the commands. Dropping the stream kills those that run.
/// Panics if `limit` is 0.
pub fn run_all(
    commands: impl IntoIterator<Item = Command>,
    limit: usize,
) -> impl Stream<Item = io::Result<Output>> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    stream::iter(commands).map(run).buffered(limit)
}

/// Runs one command with an empty stdin until it has ended and its pipes are closed. Dropped
/// half-way, it kills the command with all that it has started, but for what left its group.
pub async fn run(mut command: Command) -> io::Result<Output> {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    let child = command.process_group(0).kill_on_drop(true).spawn()?;
    let leader = child
        .id()
        .and_then(|id| id.try_into().ok())
        .map(Pid::from_raw);
    let ended = pin!(child.wait_with_output());
    let group = Group(leader); // declared last, so dropped first: before the child is reaped
    let output = ended.await;
    mem::forget(group); // its number may belong to another by now
    output
}

/// Kills the process group when dropped.
struct Group(Option<Pid>);

impl Drop for Group {
    fn drop(&mut self) {
        let _ = self.0.map(|leader| killpg(leader, Signal::SIGKILL)); // it may have ended: fine
    }
}

/// Runs a command for each line of stdin, with the line as its last argument.
#[derive(Parser)]
struct Args {
    /// The command; without one, a demo
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
    /// How many at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=1000))]
    limit: u16,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let args = Args::parse();
    let (demo, limit) = (args.command.is_empty(), args.limit.into());
    // Before Ctrl-C is caught: a read that blocks would hold it up.
    let lines = if demo {
        String::new()
    } else {
        io::read_to_string(io::stdin())?
    };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    let status = select! {
        held = each_line(&args.command, &lines, limit), if !demo => u8::from(!held?),
        held = run_demo(limit), if demo => u8::from(!held?),
        _ = interrupt.recv() => 130, // drops the stream
        _ = terminate.recv() => 143,
        _ = hangup.recv() => 129,
    };
    Ok(ExitCode::from(status))
}

/// Prints what the command prints for each line; true if it always ended well.
async fn each_line(command: &[OsString], lines: &str, limit: usize) -> Result<bool> {
    let commands = lines.lines().map(|line| {
        let mut run = Command::new(&command[0]);
        run.args(&command[1..]).arg(line);
        run
    });
    let results = run_all(commands, limit).zip(stream::iter(lines.lines()));
    let (mut results, mut good) = (pin!(results), true);
    while let Some((result, line)) = results.next().await {
        let why = match result {
            Ok(output) => {
                stdout().write_all(&output.stdout)?;
                stderr().write_all(&output.stderr)?;
                (!output.status.success()).then(|| output.status.to_string())
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = why {
            good = false;
            writeln!(stderr(), "{line}: {why}")?;
        }
    }
    Ok(good)
}

/// Runs 12 commands that wait until `limit` run, for 2 s, and the first for the end of the second.
async fn run_demo(limit: usize) -> Result<bool> {
    const SCRIPT: &str = "limit=$0; me=$1; i=0
        await() { until [ -e $1 ] || [ $((i += 1)) -gt 200 ]; do sleep .01; done; }
        : > run.$me; [ $(ls run.* | wc -l) -lt $limit ] || : > full; await full
        [ $me != 1 ] || [ $limit = 1 ] || await end.2
        sleep .02; : > seen.$(($(ls run.* | wc -l))); [ $me != 1 ] || [ ! -e end.2 ] || : > late
        rm run.$me; : > end.$me; echo $me; exit $((me % 3))";
    let (folder, at_once) = (tempfile::tempdir()?, limit.min(12));
    let commands = (1..=12).map(|n| {
        let mut command = Command::new("sh");
        command
            .args(["-c", SCRIPT, &at_once.to_string(), &n.to_string()])
            .current_dir(&folder);
        command
    });
    let results: Vec<_> = run_all(commands, limit).try_collect().await?;
    let in_order = results
        .iter()
        .zip(1..)
        .all(|(it, n)| it.stdout == format!("{n}\n").as_bytes());
    let right = results
        .iter()
        .zip(1..)
        .all(|(it, n)| it.status.code() == Some(n % 3));
    let most = (1..=12)
        .rfind(|n| folder.path().join(format!("seen.{n}")).exists())
        .unwrap_or(0);
    let (n, late) = (results.len(), folder.path().join("late").exists());
    writeln!(
        stdout(),
        "{n} outputs in order: {in_order}; {n} statuses in order: {right}"
    )?;
    writeln!(
        stdout(),
        "{most} at once, as the commands counted; 1 ended after 2: {late}"
    )?;
    Ok(in_order && right && n == 12 && most == at_once && late == (limit > 1))
}
