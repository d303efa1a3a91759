//! Run a command for each line of stdin, N at once, and get statuses and outputs in order.
//!
//! Use it like `xargs -P`, where outputs must not mix, and nothing may be left behind.
//! `buffered(n)` starts the next command when the one whose turn it is has been handed over, so a
//! slow one holds back those behind it; in any order, with none held back: `buffer_unordered(n)`.
//! Both pipes of a child are read while it runs, so it never waits for us; its whole output is in
//! memory, and its stdin is empty. A command that fails, or does not start, is a result like any
//! other. Each child leads a process group of its own. Dropping the stream kills the groups that
//! run, with their grandchildren, at once and without asking (SIGKILL); so do Ctrl-C and SIGTERM.
//! A function instead of a command: `cpu_across_processes`. With a time limit: `async_subprocess`.
//!
//! Python: `asyncio.create_subprocess_exec` under a semaphore, then `gather`; its children outlive
//! a canceled task unless a `finally` kills each, and the grandchildren do even then.
//! Copy: `run_all`, `run` and `Group`.
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
//! $ cargo run -p recipes --bin parallel_commands -- --interrupt
//! ? 130
//! Ctrl-C with 4 commands at work: 0 left
//!
//! $ cargo run -p recipes --bin parallel_commands -- --limit 0 true
//! ? 2
//! error: invalid value '0' for '--limit <N>': 0 is not in 1..=1000
//! ```

use std::io::{self, Write, stderr, stdin, stdout};
use std::process::{ExitCode, Output, Stdio, exit};
use std::{ffi::OsString, fs, mem, path::Path, pin::pin, str::Lines, time::Duration};

use anyhow::{Result, bail, ensure};
use clap::{Parser, value_parser};
use futures::{Stream, StreamExt, future::pending, stream};
use nix::sys::signal::{Signal, killpg, raise};
use nix::unistd::Pid;
use tempfile::TempDir;
use tokio::signal::unix::{SignalKind, signal};
use tokio::{process::Command, select, time::sleep};

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
/// half-way, it kills the command with all that it has started.
pub async fn run(mut command: Command) -> io::Result<Output> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.process_group(0).kill_on_drop(true).spawn()?;
    let leader = child.id().and_then(|id| id.try_into().ok()).map(Pid::from_raw);
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

// Only for the demo from here on.

/// Runs a command for each line of stdin, with the line as its last argument.
#[derive(Parser)]
struct Args {
    /// The command; without one, a demo
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
    /// How many at once
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=1000))]
    limit: u16,
    /// The demo's commands hang, and Ctrl-C comes
    #[arg(long)]
    interrupt: bool,
}

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let (demo, limit) = (args.command.is_empty(), args.limit.into());
    // Before Ctrl-C is caught: a read that blocks would hold it up.
    let lines = if demo { String::new() } else { io::read_to_string(stdin())? };
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let folder = TempDir::new()?;
    let status = select! {
        held = each_line(&args.command, lines.lines(), limit), if !demo => u8::from(!held?),
        held = run_demo(folder.path(), limit, args.interrupt), if demo => u8::from(!held?),
        _ = interrupt.recv() => 130, // drops the stream
        _ = terminate.recv() => 143,
    };
    if args.interrupt {
        let groups = files(folder.path())?;
        let mut left = usize::MAX;
        for _ in 0..20 {
            sleep(Duration::from_millis(20)).await; // a kill is not waited for
            let all = Command::new("ps").args(["-A", "-o", "pgid=,stat="]).output().await?.stdout;
            let all = String::from_utf8(all)?;
            let alive = all.lines().map(str::trim).filter_map(|line| line.split_once(' '));
            let alive = alive.filter(|(_, stat)| !stat.trim().starts_with('Z'));
            left = alive.filter(|(group, _)| groups.iter().any(|name| name == group)).count();
            if left == 0 {
                break;
            }
        }
        writeln!(stdout(), "Ctrl-C with {} commands at work: {left} left", groups.len())?;
        ensure!(left == 0, "not all were killed");
    }
    Ok(ExitCode::from(status))
}

/// Prints what the command prints for each line; true if it always ended well.
async fn each_line(command: &[OsString], lines: Lines<'_>, limit: usize) -> Result<bool> {
    let commands = lines.clone().map(|line| {
        let mut run = Command::new(&command[0]);
        run.args(&command[1..]).arg(line);
        run
    });
    let (mut results, mut good) = (pin!(run_all(commands, limit).zip(stream::iter(lines))), true);
    while let Some((result, line)) = results.next().await {
        let bad = match result {
            Ok(Output { status, stdout: out, stderr: err }) => {
                stdout().write_all(&out)?;
                stderr().write_all(&err)?;
                (!status.success()).then(|| status.to_string())
            }
            Err(error) => Some(error.to_string()),
        };
        if let Some(why) = bad {
            good = false;
            writeln!(stderr(), "{line}: {why}")?;
        }
    }
    Ok(good)
}

/// Runs 12 commands that wait until `limit` run, for 2 s, and the first for the end of the second.
async fn run_demo(folder: &Path, limit: usize, hang: bool) -> Result<bool> {
    const COUNT: &str = "cd $0; limit=$1; me=$2; i=0
        await() { until [ -e $1 ] || [ $((i += 1)) -gt 200 ]; do sleep .01; done; }
        : > run.$me; [ $(ls run.* | wc -l) -lt $limit ] || : > full; await full
        [ $me != 1 ] || [ $limit = 1 ] || await end.2
        sleep .02; echo $me $(ls run.* | wc -l) $(ls | grep -c end.2)
        rm run.$me; : > end.$me; exit $((me % 3))";
    let commands = (1..=12).map(|n| {
        let mut command = Command::new("sh");
        let script = if hang { "sleep 1000 & : > $0/$$; wait" } else { COUNT };
        command.args(["-c", script]).arg(folder).args([limit.min(12), n].map(|n| n.to_string()));
        command
    });
    let interrupt = async {
        while files(folder)?.len() < limit.min(12) {
            sleep(Duration::from_millis(10)).await;
        }
        raise(Signal::SIGINT)?;
        pending::<Result<_>>().await
    };
    let results = select! {
        results = run_all(commands, limit).collect::<Vec<_>>() => results,
        error = interrupt, if hang => return error,
    };
    let (mut outputs, mut statuses, mut most, mut after) = (vec![], vec![], 0, false);
    for result in results {
        let Output { status, stdout, .. } = result?;
        let numbers = String::from_utf8(stdout)?;
        let numbers: Vec<usize> = numbers.split_whitespace().flat_map(str::parse).collect();
        let [n, at_once, second] = numbers[..] else { bail!("it counted {numbers:?}") };
        outputs.push(n);
        statuses.push(status.code());
        most = most.max(at_once);
        after |= n == 1 && second == 1;
    }
    let in_order = outputs.iter().copied().eq(1..=12);
    let right = statuses.iter().copied().eq((1..=12).map(|n| Some(n % 3)));
    let mut out = stdout();
    writeln!(out, "12 outputs in order: {in_order}; 12 statuses in order: {right}")?;
    writeln!(out, "{most} at once, as the commands counted; 1 ended after 2: {after}")?;
    Ok(in_order && right && most == limit.min(12) && after == (limit > 1))
}

fn files(folder: &Path) -> io::Result<Vec<String>> {
    fs::read_dir(folder)?.map(|file| Ok(file?.file_name().to_string_lossy().into())).collect()
}
