//! Run a command for each line of stdin, N at once, with the outputs in order: like `xargs -P`.
//!
//! Use it to convert files, to ping hosts, to run a script on a list. It does what `xargs -P` does
//! with `-d '\n' -n 1`, but the outputs do not mix: each command writes to temporary files, which
//! are printed in the order of the lines. Commands start while lines still arrive. A slow one holds
//! up those that are N or more lines behind it; if the order does not matter, put
//! `buffer_unordered` in place of `buffered`.
//!
//! - A command that fails, or cannot be started, is the failure of its line. The others go on.
//! - Lines are bytes: a file name that is not UTF-8, or that ends in `\r`, arrives unchanged.
//! - The commands stay in the process group of this program. Ctrl-C ends them too, and they can
//!   ask for a password at the terminal. Their stdin is empty.
//! - Dropping the stream kills the commands that still run, but not what they have started.
//! - A function instead of a command: `cpu_across_processes`. One command, line by line and with a
//!   timeout: `subprocess_live_output`.
//!
//! Python: `ThreadPoolExecutor(4).map(subprocess.run, ...)`
//! Needs: `cargo add futures@0.3 tempfile@3`, `cargo add tokio@1 -F process`
//! Demo needs: `cargo add anyhow@1 tokio-stream@0.1`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//! Tested: `recipes/tests/proof/parallel_commands.rs`
//!
//! ```console
//! $ printf '3\n2\n1\n' | cargo run -p recipes --bin parallel_commands -- \
//!     sh -c 'sleep 0.$0; echo "slept 0.$0 s"'
//! slept 0.3 s
//! slept 0.2 s
//! slept 0.1 s
//!
//! $ printf '.\nno-such-file\n' | cargo run -p recipes --bin parallel_commands -- ls -d
//! ? 1
//! .
//! ls: cannot access 'no-such-file': No such file or directory
//! no-such-file: exit status: 2
//! Error: 1 failed
//! ```

use std::ffi::OsString;
use std::fs::File;
use std::io::{self, Seek};
use std::process::{ExitStatus, Stdio};

use futures::{Stream, StreamExt};
use tokio::process::Command;

/// A command that has ended, with what it printed.
pub struct Finished {
    pub status: ExitStatus,
    pub stdout: File,
    pub stderr: File,
}

/// Runs `command(&line)` for each line, at most `limit` at once, and yields each line with what
/// came of it, in the order of the lines. Dropping the stream kills the commands that run.
///
/// An error is that the command could not be started.
///
/// # Panics
/// If `limit` is 0.
pub fn run_for_each(
    lines: impl Stream<Item = OsString>,
    limit: usize,
    command: impl Fn(&OsString) -> Command,
) -> impl Stream<Item = (OsString, io::Result<Finished>)> {
    assert!(limit > 0, "a limit of 0 would wait forever");
    lines
        .map(move |line| {
            let command = command(&line);
            async { (line, run(command).await) }
        })
        .buffered(limit)
}

async fn run(mut command: Command) -> io::Result<Finished> {
    let mut stdout = tempfile::tempfile()?;
    let mut stderr = tempfile::tempfile()?;
    command
        .stdin(Stdio::null())
        .stdout(stdout.try_clone()?)
        .stderr(stderr.try_clone()?)
        .kill_on_drop(true);
    let status = command.status().await?;
    stdout.rewind()?;
    stderr.rewind()?;
    Ok(Finished {
        status,
        stdout,
        stderr,
    })
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::BufRead;
use std::os::unix::ffi::OsStringExt;
use std::pin::pin;
use std::thread;

use anyhow::{bail, ensure};
use clap::{Parser, value_parser};
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;

#[derive(Parser)]
struct Args {
    /// How many commands run at once
    #[arg(short = 'P', long, default_value_t = 4, value_parser = value_parser!(u16).range(1..))]
    limit: u16,

    /// The command; the line becomes its last argument
    #[arg(required = true, trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<OsString>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    // Ctrl-C reaches the commands too, and needs no handler. SIGTERM comes to this process alone.
    let mut terminate = signal(SignalKind::terminate())?;
    select! {
        result = run_for_each_line(args) => result,
        _ = terminate.recv() => bail!("stopped by SIGTERM"),
    }
}

async fn run_for_each_line(args: Args) -> anyhow::Result<()> {
    // A thread of its own: tokio's stdin would hold up the end of the program.
    let (sender, lines) = mpsc::channel(1);
    let reader = thread::spawn(|| read_lines(sender));
    let results = run_for_each(ReceiverStream::new(lines), args.limit.into(), |line| {
        let mut command = Command::new(&args.command[0]);
        command.args(&args.command[1..]).arg(line);
        command
    });

    let mut results = pin!(results);
    let mut failed = 0;
    while let Some((line, result)) = results.next().await {
        let line = line.display();
        match result {
            Ok(mut finished) => {
                io::copy(&mut finished.stdout, &mut io::stdout())?;
                io::copy(&mut finished.stderr, &mut io::stderr())?;
                if !finished.status.success() {
                    failed += 1;
                    eprintln!("{line}: {}", finished.status);
                }
            }
            Err(error) => {
                failed += 1;
                eprintln!("{line}: {error}");
            }
        }
    }
    reader.join().expect("no panic")?;
    ensure!(failed == 0, "{failed} failed");
    Ok(())
}

/// Sends the lines of stdin, without their `\n`.
fn read_lines(lines: mpsc::Sender<OsString>) -> io::Result<()> {
    for line in io::stdin().lock().split(b'\n') {
        let line = OsString::from_vec(line?);
        if lines.blocking_send(line).is_err() {
            break;
        }
    }
    Ok(())
}
