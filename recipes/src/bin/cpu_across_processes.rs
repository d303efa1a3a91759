//! Call a function on many inputs, in as many processes as there are cores: line in, line out.
//!
//! Use it when the work may crash, leak, or is somebody else's program; otherwise threads do the
//! same with nothing to send, as in `parallel_primes`. Each child gets one line, answers with one
//! line, then gets the next, so none runs ahead and no pipe fills up; a line costs a trip through
//! two pipes, so put enough work into it. A program that is not yours must flush each line, which
//! most do not when they write to a pipe (`sed -u`, `python3 -u` do), or both sides wait forever. A
//! child that dies or answers nothing is an error with its pid and status: what the others have in
//! hand is done first, no job is lost unseen, and no child is left behind. A job that must be done
//! again elsewhere: `job_queue`.
//!
//! Python: `ProcessPoolExecutor().map(count, ranges)`; lines instead of pickle.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p recipes --bin cpu_across_processes
//! in turn:     17984 primes below 200000 in [..]
//! 2 processes: 17984 primes below 200000 in [..]
//! 20 jobs, answers in order: true; 2 pids, not this process's
//!
//! $ cargo run -p recipes --bin cpu_across_processes -- --below 1000 --chunk 1000 --processes 8
//! in turn:     168 primes below 1000 in [..]
//! 1 processes: 168 primes below 1000 in [..]
//! 1 jobs, answers in order: true; 1 pids, not this process's
//!
//! $ cargo run -p recipes --bin cpu_across_processes -- --crash-at 50000
//! ? 1
//! in turn:     17984 primes below 200000 in [..]
//! error: process [..]: exit status: 3, no answer to "50000 60000"
//! ```

use std::collections::BTreeSet;
use std::fmt::Display;
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Write};
use std::num::NonZeroUsize;
use std::process::{self, Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Instant;
use std::{env, iter, panic, thread};

use clap::{Parser, value_parser};

/// Starts so many children of `command`, at most one for each job, and returns the answers in the
/// order of the jobs. A job is a line, and so is its answer. Returns when all children have ended.
///
/// # Errors
/// A job that is not one line, before any child is started. The first child that did not start,
/// gave no answer, did not end with success, or said more than it was asked; first in the
/// order of the children. No job is started after that, but for the first one of each child.
///
/// # Panics
/// With the panic of `command`, or if the system has no more threads: each child has one here.
pub fn map_across_processes(
    processes: NonZeroUsize,
    command: impl Fn() -> Command + Sync,
    jobs: &[impl AsRef<str> + Sync],
) -> io::Result<Vec<String>> {
    if let Some(job) = jobs
        .iter()
        .map(AsRef::as_ref)
        .find(|job| job.contains(['\n', '\r']))
    {
        return Err(Error::new(
            ErrorKind::InvalidInput,
            format!("more than one line: {job:?}"),
        ));
    }
    let processes = processes.get().min(jobs.len());
    let next = AtomicUsize::new(processes); // the first ones are dealt: no child goes without
    let work = |first| {
        // Relaxed: the jobs were there before the threads, only the number is shared.
        let numbers = iter::once(first).chain(iter::from_fn(|| Some(next.fetch_add(1, Relaxed))));
        let mine = numbers.map_while(|number| Some((number, jobs.get(number)?.as_ref())));
        let stop = |_: &_| _ = next.fetch_max(jobs.len(), Relaxed); // nothing left to take
        ask_one_process(command(), mine).inspect_err(stop)
    };
    let parts: Vec<_> = thread::scope(|s| {
        let work = &work;
        let running: Vec<_> = (0..processes)
            .map(|first| s.spawn(move || work(first)))
            .collect();
        let ended = running.into_iter().map(|thread| thread.join());
        ended
            .map(|part| part.unwrap_or_else(|panic| panic::resume_unwind(panic)))
            .collect()
    });
    let mut answers = parts.into_iter().collect::<io::Result<Vec<_>>>()?.concat();
    answers.sort_unstable_by_key(|(number, _)| *number);
    Ok(answers.into_iter().map(|(_, answer)| answer).collect())
}

/// Starts a child, gives it one numbered job after the other, and waits for its end.
fn ask_one_process<'a>(
    mut command: Command,
    jobs: impl Iterator<Item = (usize, &'a str)>,
) -> io::Result<Vec<(usize, String)>> {
    let child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn();
    let named = |error: Error| format!("{}: {error}", command.get_program().display());
    let mut child = child.map_err(|error| Error::new(error.kind(), named(error)))?;
    let mut to = child.stdin.take().expect("piped above");
    let mut from = BufReader::new(child.stdout.take().expect("piped above")).lines();
    let (mut answers, mut wrong) = (Vec::new(), None);
    for (number, job) in jobs {
        let sent = to.write_all(format!("{job}\n").as_bytes());
        match sent.and_then(|()| from.next().transpose()) {
            Ok(Some(answer)) => answers.push((number, answer)),
            _ => wrong = Some(format!("no answer to {job:?}")),
        }
        if wrong.is_some() {
            break;
        }
    }
    drop(to); // the child reads an end of file, and ends
    let wrong = wrong.or_else(|| from.next().map(|_| "more lines than jobs".to_owned()));
    if wrong.is_some() {
        let _ = child.kill(); // it may have ended by itself
    }
    let status = child.wait()?; // or it stays a zombie: nothing above returns
    match wrong {
        None if status.success() => Ok(answers),
        wrong => {
            let wrong = wrong.unwrap_or_else(|| "after its last answer".to_owned());
            Err(Error::other(format!(
                "process {}: {status}, {wrong}",
                child.id()
            )))
        }
    }
}

/// What the child does: answers each line from stdin with one on stdout, until the parent ends.
/// `work` must not print, and its answer is one line. Errs if a pipe breaks, or a line is not
/// UTF-8.
pub fn answer_lines<A: Display>(mut work: impl FnMut(&str) -> A) -> io::Result<()> {
    io::stdin().lines().try_for_each(|job| {
        let answer = work(&job?);
        writeln!(io::stdout(), "{answer}")?;
        io::stdout().flush() // the parent waits for it
    })
}

/// Counts primes in processes of its own.
#[derive(Parser)]
struct Args {
    /// Count the primes below N
    #[arg(long, value_name = "N", default_value_t = 200_000,
        value_parser = value_parser!(u32).range(..=100_000_000))]
    below: u32,

    /// How many processes, at most; one for each core is enough
    #[arg(long, value_name = "N", default_value = "2")]
    processes: std::num::NonZeroU8,

    /// How many numbers a job has; default: 20 jobs of the same size
    #[arg(long, value_name = "N", value_parser = value_parser!(u32).range(1..))]
    chunk: Option<u32>,

    /// Let the process that gets the number N exit with 3
    #[arg(long, value_name = "N", default_value_t = u32::MAX, hide_default_value = true)]
    crash_at: u32,

    /// Be a child: the program starts itself with it
    #[arg(long, hide = true)]
    child: bool,
}

fn main() -> ExitCode {
    let args = Args::parse();
    let done = if args.child {
        answer_lines(|job| answer(job, &args)).map(|()| true)
    } else {
        parent(&args)
    };
    match done {
        Ok(held) => ExitCode::from(u8::from(!held)),
        Err(error) => {
            eprintln!("error: {error}");
            ExitCode::FAILURE
        }
    }
}

fn parent(args: &Args) -> io::Result<bool> {
    let (below, mut out) = (args.below, io::stdout());
    let start = Instant::now();
    let in_turn = (0..below).filter(|&n| is_prime(n)).count();
    writeln!(
        out,
        "in turn:     {in_turn} primes below {below} in {:.1?}",
        start.elapsed()
    )?;

    let chunk = args.chunk.unwrap_or(below.div_ceil(20).max(1)) as usize;
    let jobs: Vec<_> = (0..below)
        .step_by(chunk)
        .map(|from| format!("{from} {}", below.min(from.saturating_add(chunk as u32))))
        .collect();
    let program = env::current_exe()?;
    let command = || {
        let mut command = Command::new(&program);
        command.args(["--child", "--crash-at", &args.crash_at.to_string()]);
        command
    };
    let start = Instant::now();
    let answers = map_across_processes(args.processes.into(), command, &jobs)?;
    let time = start.elapsed();

    // An answer: its job, the pid, the number of primes.
    let fields: Vec<Vec<_>> = answers
        .iter()
        .map(|answer| answer.split(", ").collect())
        .collect();
    let in_order = fields.iter().map(|fields| fields[0]).eq(&jobs);
    let pids: BTreeSet<_> = fields.iter().map(|fields| fields[1]).collect();
    let primes: usize = fields
        .iter()
        .filter_map(|fields| fields[2].parse::<usize>().ok())
        .sum();
    let processes = usize::from(args.processes.get()).min(jobs.len());
    writeln!(
        out,
        "{processes} processes: {primes} primes below {below} in {time:.1?}"
    )?;
    let (count, met, own) = (jobs.len(), pids.len(), process::id().to_string());
    writeln!(
        out,
        "{count} jobs, answers in order: {in_order}; {met} pids, not this process's"
    )?;
    let known = below != 200_000 || primes == 17_984;
    Ok(known && primes == in_turn && in_order && met == processes && !pids.contains(own.as_str()))
}

fn answer(job: &str, args: &Args) -> String {
    let (from, to) = job.split_once(' ').expect("two numbers");
    let numbers = from.parse().expect("a number")..to.parse().expect("a number");
    if numbers.contains(&args.crash_at) {
        process::exit(3);
    }
    let primes = numbers.filter(|&n| is_prime(n)).count();
    format!("{job}, {}, {primes}", process::id())
}

fn is_prime(n: u32) -> bool {
    let odd = n > 2 && !n.is_multiple_of(2);
    n == 2
        || odd
            && (3..=n.isqrt())
                .step_by(2)
                .all(|divisor| !n.is_multiple_of(divisor))
}
