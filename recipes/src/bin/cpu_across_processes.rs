//! Compute on all cores in worker processes: a line goes in, a line comes out.
//!
//! Use it when the work is another program, or code that may crash or leak. For speed alone you
//! need no processes in Rust: `parallel_primes`. Each worker gets one line over its stdin and
//! answers with one line over its stdout, then it gets the next. Here the workers are this program,
//! started again with `--worker`.
//!
//! - A worker that dies is an error. For one that is replaced, for typed tasks and for panics, use
//!   multiprocessing's `process_pool`.
//! - Dropping a `Worker` kills and reaps its process, also after an error. Ctrl-C in a terminal
//!   ends the workers too. If this process is killed, they read the end of their stdin and end.
//! - A worker must read a whole line, print one line for it, and not keep it in a buffer, as most
//!   programs do without `sed -u` or `python3 -u`. Otherwise both sides wait: there is no timeout.
//! - Each line costs a round trip through two pipes, so let it stand for many numbers, not for one.
//!
//! Python: `ProcessPoolExecutor().map(count_primes, ranges)`, but with lines and not pickles
//! Needs: nothing
//! Demo needs: `cargo add anyhow@1`
//! Tested: `recipes/tests/proof/cpu_across_processes.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin cpu_across_processes
//! 17984 primes below 200000, counted by processes [[..], [..]]
//! ```

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;

/// A process that answers each line with a line. Dropping it kills and reaps the process.
pub struct Worker {
    process: Child,
    stdin: ChildStdin,
    stdout: BufReader<ChildStdout>,
}

impl Worker {
    /// Starts the process.
    ///
    /// # Errors
    /// If the system does not start it.
    pub fn start(command: &mut Command) -> io::Result<Self> {
        let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut process = command.spawn()?;
        let stdin = process.stdin.take().expect("piped");
        let stdout = BufReader::new(process.stdout.take().expect("piped"));
        Ok(Self {
            process,
            stdin,
            stdout,
        })
    }

    /// The number of the process.
    pub fn id(&self) -> u32 {
        self.process.id()
    }

    /// Sends a line and waits for its answer.
    ///
    /// # Errors
    /// If the process ends before its answer does, and for every call after that. If the answer is
    /// not UTF-8.
    ///
    /// # Panics
    /// If there is a line end in `line`: the answers would belong to other lines from then on.
    pub fn ask(&mut self, line: &str) -> io::Result<String> {
        assert!(!line.contains('\n'), "more than one line: {line:?}");
        let sent = self.stdin.write_all(format!("{line}\n").as_bytes());
        let mut answer = String::new();
        if sent.is_ok() {
            self.stdout.read_line(&mut answer)?;
        }
        if let Some(whole_line) = answer.strip_suffix('\n') {
            return Ok(whole_line.to_owned());
        }
        let status = self.stop()?;
        let message = format!("no answer to {line:?}, the worker has ended: {status}");
        Err(io::Error::other(message))
    }

    fn stop(&mut self) -> io::Result<ExitStatus> {
        self.process.kill()?; // no error if it has ended already
        self.process.wait() // or it stays a zombie
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        let _ = self.stop(); // an error: there is nothing to stop
    }
}

/// Gives each line to the next worker that is free, and returns the answers in the order of the
/// lines.
///
/// # Errors
/// The error of the first line that got no answer.
///
/// # Panics
/// If there are no workers, or a line is more than one. If the system has no more threads: each
/// worker has one here.
pub fn map(workers: &mut [Worker], lines: &[String]) -> io::Result<Vec<String>> {
    assert!(!workers.is_empty(), "without workers nobody answers");
    let queue = Mutex::new(lines.iter().enumerate());
    let answers = Mutex::new(Vec::new());
    thread::scope(|scope| {
        for worker in workers {
            scope.spawn(|| {
                loop {
                    let next = queue.lock().unwrap().next();
                    let Some((index, line)) = next else { break };
                    let answer = worker.ask(line);
                    answers.lock().unwrap().push((index, answer));
                }
            });
        }
    });
    let mut answers = answers.into_inner().unwrap();
    answers.sort_by_key(|(index, _)| *index);
    answers.into_iter().map(|(_, answer)| answer).collect()
}

/// What a worker does: answers each line from stdin, until the parent closes the pipe or ends.
///
/// # Errors
/// If a pipe breaks, or a line is not UTF-8.
pub fn answer_lines(answer: impl Fn(&str) -> String) -> io::Result<()> {
    for line in io::stdin().lines() {
        let answer = answer(&line?);
        writeln!(io::stdout(), "{answer}")?; // stdout is flushed at the end of a line
    }
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;

fn main() -> anyhow::Result<()> {
    if env::args().nth(1).is_some_and(|first| first == "--worker") {
        answer_lines(count_primes)?;
        return Ok(());
    }

    let mut command = Command::new(env::current_exe()?);
    command.arg("--worker");
    let mut workers = [Worker::start(&mut command)?, Worker::start(&mut command)?];
    let ids = workers.each_ref().map(Worker::id);

    let starts = (0..200_000).step_by(10_000);
    let lines: Vec<String> = starts.map(|start| start.to_string()).collect();
    let mut primes = 0;
    for count in map(&mut workers, &lines)? {
        primes += count.parse::<usize>()?;
    }
    println!("{primes} primes below 200000, counted by processes {ids:?}");
    Ok(())
}

/// Counts the primes among 10000 numbers. The line holds the first one.
fn count_primes(line: &str) -> String {
    let start: u32 = line.parse().expect("a number");
    let numbers = start..start + 10_000;
    let primes = numbers.filter(|number| is_prime(*number)).count();
    primes.to_string()
}

fn is_prime(number: u32) -> bool {
    let mut divisors = 2..=number.isqrt();
    number >= 2 && divisors.all(|divisor| !number.is_multiple_of(divisor))
}
