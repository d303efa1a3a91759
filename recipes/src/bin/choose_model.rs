//! Run any command, and say whether it waits or computes: which model would make it faster.
//!
//! Use it before you rewrite a slow program: the model that helps depends on what the program
//! spends its time on. `measure` runs the command and asks the system how much processor time it
//! used. Time without processor time is waiting: for the network, a disk, a lock, another process.
//!
//! - Measure on an idle machine. Time in which other programs had the processor looks like waiting.
//! - More than one core busy means that the program computes in parallel already.
//! - What the command starts and waits for is counted too. So are other children of the process
//!   that calls `measure` if they end meanwhile: measure one command at a time.
//! - The command has the terminal, stdin and stdout for itself, and its exit status is passed on.
//! - What in the program takes the time is the question for a profiler: `perf`, `samply`.
//!
//! Python: `time python3 job.py`, `resource.getrusage(resource.RUSAGE_CHILDREN)`
//! Needs: `cargo add nix@0.31 -F resource`, `cargo add tokio@1 -F process`
//! Demo needs: `cargo add anyhow@1`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//! Tested: `recipes/tests/proof/choose_model.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin choose_model -- sleep 1
//! 0.0[..] cores busy, it waits: async, or a few dozen threads (io_bound_compare)
//!
//! $ cargo run -p recipes --bin choose_model -- sh -c 'seq 2000000 | tail -n 1'
//! 2000000
//! [..] cores busy, it [..]
//!
//! $ cargo run -p recipes --bin choose_model -- sh -c 'sleep 1; exit 3'
//! ? 3
//! 0.0[..] cores busy, it waits: async, or a few dozen threads (io_bound_compare)
//! ```

use std::io;
use std::process::ExitStatus;
use std::time::{Duration, Instant};

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use tokio::process::Command;

/// What a command used.
pub struct Usage {
    pub status: ExitStatus,
    /// From its start to its end.
    pub wall_time: Duration,
    /// On all cores together.
    pub cpu_time: Duration,
}

impl Usage {
    /// How many cores were busy with it, on average.
    pub fn cores(&self) -> f64 {
        self.cpu_time.div_duration_f64(self.wall_time)
    }
}

/// Runs `command` to its end, and returns what it used. Dropping the future kills it, but not what
/// it has started.
///
/// # Errors
/// If the command cannot be started. One that fails is no error: see `status`.
pub async fn measure(command: &mut Command) -> io::Result<Usage> {
    let cpu_time_before = cpu_time_of_children()?;
    let start = Instant::now();
    let status = command.kill_on_drop(true).status().await?;
    let wall_time = start.elapsed();
    let cpu_time = cpu_time_of_children()? - cpu_time_before;
    Ok(Usage {
        status,
        wall_time,
        cpu_time,
    })
}

/// The processor time of all children that have ended.
fn cpu_time_of_children() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN)?;
    let time = usage.user_time() + usage.system_time();
    Ok(Duration::from_micros(
        time.num_microseconds().cast_unsigned(),
    ))
}

// ---- Demo ----------------------------------------------------------------------------------

use std::ffi::OsString;
use std::io::Write;
use std::os::unix::process::ExitStatusExt;
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::Parser;
use tokio::select;
use tokio::signal::unix::{SignalKind, signal};

#[derive(Parser)]
struct Args {
    /// What to run
    command: OsString,

    /// Its arguments
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<OsString>,
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<ExitCode> {
    let args = Args::parse();
    let mut command = Command::new(&args.command);
    command.args(args.arguments);

    // Ctrl-C is for the command, which gets it from the terminal too. `time` does the same.
    let _ctrl_c = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hang_up = signal(SignalKind::hangup())?;
    let usage = select! {
        usage = measure(&mut command) => usage,
        _ = terminate.recv() => bail!("terminated"),
        _ = hang_up.recv() => bail!("hung up"),
    };
    let usage = usage.with_context(|| format!("cannot run {}", args.command.display()))?;

    let cores = usage.cores();
    let advice = if cores < 0.2 {
        "it waits: async, or a few dozen threads (io_bound_compare)"
    } else if cores < 0.8 {
        "it does both: a model for each half (io_cpu_pipeline)"
    } else {
        "it computes: rayon, on all cores (cpu_bound_compare)"
    };
    // To stderr, since stdout is the command's. An error: stderr is full or closed.
    let _ = writeln!(io::stderr(), "{cores:.2} cores busy, {advice}");
    Ok(exit_code(usage.status))
}

/// The exit status for the shell: 128 and the signal if one has ended the command.
fn exit_code(status: ExitStatus) -> ExitCode {
    let code = match status.code() {
        Some(code) => code,
        None => 128 + status.signal().unwrap_or(0),
    };
    ExitCode::from(code as u8)
}
