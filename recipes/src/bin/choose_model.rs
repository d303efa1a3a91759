//! Run a command, see whether it waits or computes, and hear which model that calls for.
//!
//! Use it before you rewrite a slow job: which model helps, if any, depends on what it spends its
//! time with. `wait4` gives the CPU time of the child, how often it gave up its core to wait, and
//! how often the core was taken away. Time that is no CPU time was waiting, less what others may
//! have taken: on a loaded machine, or under a CPU quota, that is rough. Cores at work at the same
//! time count each: where it shows more than one core, less waiting is seen than there was. A job
//! with both halves wants each half in its own model. What the command starts is counted with it if
//! it waits for that; what it leaves behind is not. A command that fails is not classified.
//!
//! Python: `resource.getrusage(resource.RUSAGE_CHILDREN)`, or `time python3 job.py` and a guess.
//! Needs: `cargo add anyhow@1 libc@0.2`, `cargo add clap@4 -F derive`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p recipes --bin choose_model
//! a job that waits: [..]% waiting, [..] waits, 0.[..] cores
//! async, or threads for a few dozen waits at once: io_bound_compare
//! a job that computes: [..]% waiting, [..] waits, [..] cores
//! rayon, or a thread for each core: cpu_bound_compare
//!
//! $ cargo run -p recipes --bin choose_model -- sh -c 'echo its own output; sleep 1'
//! its own output
//! sh: [..]% waiting, [..] waits, 0.[..] cores
//! async, or threads for a few dozen waits at once: io_bound_compare
//!
//! $ cargo run -p recipes --bin choose_model -- sh -c 'exit 3'
//! ? 1
//! sh: [..]% waiting, [..] waits, [..] cores
//! nothing can be said, since it failed: exit status: 3
//!
//! $ cargo run -p recipes --bin choose_model -- no-such-command
//! ? 2
//! error: no-such-command: No such file or directory (os error [..])
//! ```

use std::process::{Command, ExitCode, ExitStatus};
use std::time::{Duration, Instant};
use std::{env, hint::black_box, io, mem, os::unix::process::ExitStatusExt, sync::mpsc};

use anyhow::{Context, Result};
use clap::Parser;

/// What a process used, with all the children that it waited for.
pub struct Usage {
    pub status: ExitStatus,
    pub wall: Duration,
    pub cpu: Duration,
    /// How often it gave up its core to wait.
    pub waits: libc::c_long,
    /// How often its core was taken away.
    pub preempted: libc::c_long,
}

#[derive(Debug, PartialEq)]
pub enum Kind {
    Waits,
    Computes,
    Both,
}

impl Usage {
    /// The share of the time, from 0 to 1, in which it waited: no core worked for it, and none was
    /// taken away from it. That may have cost it 20 ms each time, so much is not counted. Exact for
    /// one core at a time: `cpu` counts all that work at once, so several hide what waits beside.
    pub fn waiting(&self) -> f64 {
        let stalled = Duration::from_millis(20).saturating_mul(self.preempted as u32);
        let waited = self.wall.saturating_sub(self.cpu).saturating_sub(stalled);
        waited.div_duration_f64(self.wall)
    }

    /// What it mostly did.
    pub fn kind(&self) -> Kind {
        match self.waiting() {
            waiting if waiting > 0.8 => Kind::Waits,
            waiting if waiting > 0.2 => Kind::Both,
            _ => Kind::Computes,
        }
    }
}

/// Runs the command, waits for its end, and returns what it used. Blocks. The error is that of
/// starting it; a command that fails is no error, see `status`.
pub fn measure(command: &mut Command) -> io::Result<Usage> {
    let start = Instant::now();
    let pid = command.spawn()?.id().cast_signed(); // no `Child` is left that could wait for it
    let mut status = 0;
    // SAFETY: all zeros is a valid `rusage`, which is nothing but numbers.
    let mut usage: libc::rusage = unsafe { mem::zeroed() };
    // SAFETY: both pointers are to values that live and are not used otherwise during the call. The
    // child is ours and nobody else has waited for it, so its pid is not yet somebody else's.
    while unsafe { libc::wait4(pid, &mut status, 0, &mut usage) } == -1 {
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    let micros = |t: libc::timeval| t.tv_sec as u64 * 1_000_000 + t.tv_usec as u64;
    Ok(Usage {
        status: ExitStatus::from_raw(status),
        wall: start.elapsed(),
        cpu: Duration::from_micros(micros(usage.ru_utime) + micros(usage.ru_stime)),
        waits: usage.ru_nvcsw,
        preempted: usage.ru_nivcsw,
    })
}

#[derive(Parser)]
struct Args {
    /// What to run; without it two built-in jobs, one that waits and one that computes
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    command: Vec<String>,

    /// Be one of the built-in jobs: the program starts itself with it
    #[arg(long, hide = true)]
    job: Option<String>,
}

fn main() -> ExitCode {
    run(Args::parse()).unwrap_or_else(|error| {
        eprintln!("error: {error:#}");
        ExitCode::from(2)
    })
}

fn run(Args { command, job }: Args) -> Result<ExitCode> {
    let own = |job: &str, kind| {
        let mut command = Command::new(env::current_exe()?);
        let seen = report(
            &format!("a job that {job}"),
            command.arg(format!("--job={job}")),
        )?;
        anyhow::Ok(seen == Some(kind))
    };
    let (_sender, nothing) = mpsc::channel::<()>();
    let held = match (job.as_deref(), &command[..]) {
        (Some("waits"), _) => {
            (0..200).all(|_| nothing.recv_timeout(Duration::from_millis(5)).is_err())
        }
        (Some(_), _) => (0..6).all(|_| fib(black_box(33)) == 3_524_578),
        (None, []) => own("waits", Kind::Waits)? & own("computes", Kind::Computes)?,
        (None, [name, args @ ..]) => report(name, Command::new(name).args(args))?.is_some(),
    };
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// On stderr, since stdout is the command's. `None` if it failed.
fn report(name: &str, command: &mut Command) -> Result<Option<Kind>> {
    let usage = measure(command).with_context(|| name.to_owned())?;
    let (cores, waiting) = (
        usage.cpu.div_duration_f64(usage.wall),
        usage.waiting() * 100.0,
    );
    eprintln!(
        "{name}: {waiting:.0}% waiting, {} waits, {cores:.1} cores",
        usage.waits
    );
    let kind = usage.status.success().then(|| usage.kind());
    let advice = match kind {
        Some(Kind::Waits) => "async, or threads for a few dozen waits at once: io_bound_compare",
        Some(Kind::Computes) => "rayon, or a thread for each core: cpu_bound_compare",
        Some(Kind::Both) => "async that hands its work to rayon: io_cpu_pipeline",
        None => &format!("nothing can be said, since it failed: {}", usage.status),
    };
    eprintln!("{advice}");
    Ok(kind)
}

fn fib(n: u64) -> u64 {
    if n < 2 { n } else { fib(n - 1) + fib(n - 2) }
}
