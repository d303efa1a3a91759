//! Run a command for each line of stdin, N at once, with the outputs in order: like `xargs -P`.
//!
//! Use it to convert files, ping hosts, run a script on a list. It is `xargs -d '\n' -n 1 -P N`, but
//! outputs do not mix: each goes to a temporary file, and comes when it is its turn, in the order of
//! the lines. Commands start while lines still arrive. At most N have started and are not handed
//! over yet, so a slow one holds up those behind it: `buffer_unordered` instead hands over each as
//! it ends.
//!
//! - A command that fails, or cannot be started, is the failure of its line. The others go on.
//! - A line is bytes: a file name that is not UTF-8, or ends in `\r`, arrives as it is.
//! - Commands stay in this process group, so Ctrl-C reaches them too, and one can ask for a password
//!   at the terminal. Their stdin is empty.
//! - When the stream is dropped, commands that run are killed; what those have started runs on.
//! - A function instead of a command: `cpu_across_processes`. Lines as they come, and a timeout:
//!   `subprocess_live_output`.
//!
//! Python: `ThreadPoolExecutor(4).map(subprocess.run, ...)`
//! Needs: `cargo add futures@0.3 tempfile@3`, `cargo add tokio@1 -F process`
//! Demo needs: `cargo add anyhow@1`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`,
//! `cargo add tokio-stream@0.1`
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
//! Error: 1 of 2 commands failed
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
use std::process::ExitCode;
use std::thread;

use anyhow::ensure;
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
async fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    // Ctrl-C reaches the commands as well; SIGTERM comes to this process alone.
    let mut terminate = signal(SignalKind::terminate())?;
    select! {
        result = run_for_each_line(args) => {
            result?;
            Ok(ExitCode::SUCCESS)
        }
        _ = terminate.recv() => Ok(ExitCode::from(143)),
    }
}

async fn run_for_each_line(args: Args) -> anyhow::Result<()> {
    // A thread of its own: tokio's stdin would hold up the end of the program.
    let (sender, lines) = mpsc::channel(1);
    let reader = thread::spawn(move || read_lines(sender));

    let results = run_for_each(ReceiverStream::new(lines), args.limit.into(), |line| {
        let mut command = Command::new(&args.command[0]);
        command.args(&args.command[1..]).arg(line);
        command
    });
    let mut results = pin!(results);
    let mut all = 0;
    let mut failed = 0;
    while let Some((line, result)) = results.next().await {
        all += 1;
        let why = match result {
            Ok(mut finished) => {
                io::copy(&mut finished.stdout, &mut io::stdout())?;
                io::copy(&mut finished.stderr, &mut io::stderr())?;
                if finished.status.success() {
                    continue;
                }
                finished.status.to_string()
            }
            Err(error) => error.to_string(),
        };
        failed += 1;
        eprintln!("{}: {why}", line.display());
    }
    reader.join().expect("it does not panic")?;
    ensure!(failed == 0, "{failed} of {all} commands failed");
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
