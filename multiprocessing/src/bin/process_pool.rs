//! Run a function on many inputs in worker processes, and survive the workers that crash.
//!
//! Use it for work that may take its process down: a C library, unsafe code, a stack overflow. For
//! speed alone you need no processes in Rust: `rayon_map`. Each worker is this program, started
//! again; it gets its tasks over its stdin and answers over its stdout. A worker that dies is
//! replaced, and its task is done again, at most three times.
//!
//! - Call `start` first in `main`: a worker runs everything before it as well.
//! - A task may run more than once, so it must be safe to repeat.
//! - A small task costs less than the way to its worker: put a range into a task, not a number.
//! - There is no timeout: a task that hangs keeps `map` waiting.
//! - What a task prints goes to stderr.
//! - In a `#[test]` a worker would be the test program: run your program instead, or set
//!   `harness = false`.
//!
//! Python: `ProcessPoolExecutor(2).map(f, tasks)`, where one dead worker ends the whole pool:
//! every task that is not done fails with `BrokenProcessPool`
//! Needs: `cargo add anyhow@1 serde@1`, `cargo add nix@0.31 -F fs`,
//! `cargo add postcard@1 -F use-std`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/process_pool.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin process_pool
//! 20 tasks, 2 processes: 17984 primes below 200000
//!
//! thread 'main' ([..]) panicked at multiprocessing/src/bin/process_pool.rs:[..]
//! too large: 0..4294967295
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! 4 primes
//! error: the task panicked: too large: 0..4294967295
//! error: the worker died, 3 times: signal: 6 (SIGABRT)[..]
//! 4 primes
//! ```

use std::any::Any;
use std::env;
use std::fs::File;
use std::io::{self, Read, Write};
use std::marker::PhantomData;
use std::mem;
use std::os::fd::AsFd;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::{self, Child, Command, ExitStatus, Stdio};
use std::sync::Mutex;
use std::thread;

use anyhow::{Result, anyhow, bail};
use nix::unistd::{dup2_stdin, dup2_stdout};
use serde::{Serialize, de::DeserializeOwned};

/// The argument that makes this program a worker.
const WORKER: &str = "--process-pool-worker";

/// How many workers a task may take down.
const MAX_ATTEMPTS: u32 = 3;

/// Worker processes that turn a `T` into an `R`. Dropping the pool ends them.
pub struct ProcessPool<T, R> {
    workers: Vec<Worker>,
    work: PhantomData<fn(T) -> R>, // it runs in the workers, not here
}

impl<T: Serialize + DeserializeOwned + Sync, R: Serialize + DeserializeOwned + Send>
    ProcessPool<T, R>
{
    /// Starts the workers, which call `work` for each task. In a worker it does not return.
    ///
    /// # Errors
    /// If the system does not start a process.
    ///
    /// # Panics
    /// If `workers` is 0.
    pub fn start(workers: usize, work: fn(T) -> R) -> Result<Self> {
        assert!(workers > 0, "without workers no task is done");
        if env::args_os().nth(1).is_some_and(|first| first == WORKER) {
            serve(work).expect("the worker can answer");
            process::exit(0);
        }
        let workers = (0..workers).map(|_| Worker::start());
        let workers = workers.collect::<io::Result<_>>()?;
        let work = PhantomData;
        Ok(Self { workers, work })
    }

    /// Does all tasks, and returns their results in the order of the tasks. The result of a task
    /// is an error if it panicked, or if each worker that tried it died.
    pub fn map(&mut self, tasks: &[T]) -> Vec<Result<R>> {
        let queue = Mutex::new(tasks.iter().enumerate());
        let results = Mutex::new(Vec::new());
        thread::scope(|scope| {
            for worker in &mut self.workers {
                scope.spawn(|| {
                    loop {
                        let next = queue.lock().unwrap().next();
                        let Some((index, task)) = next else { break };
                        let result = worker.run(task);
                        results.lock().unwrap().push((index, result));
                    }
                });
            }
        });
        let mut results = results.into_inner().unwrap();
        results.sort_by_key(|(index, _)| *index);
        results.into_iter().map(|(_, result)| result).collect()
    }
}

/// A process that does one task after the other.
struct Worker {
    process: Child,
}

impl Worker {
    fn start() -> io::Result<Self> {
        let process = Command::new(env::current_exe()?)
            .arg(WORKER)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        Ok(Self { process })
    }

    /// Does a task. If the process dies, a new one takes its place and tries again.
    fn run<T: Serialize, R: DeserializeOwned>(&mut self, task: &T) -> Result<R> {
        let task = postcard::to_stdvec(task)?;
        let mut attempts = 0;
        loop {
            if let Ok(answer) = self.ask(&task) {
                let result: Result<R, String> = postcard::from_bytes(&answer)?;
                return result.map_err(|message| anyhow!("the task panicked: {message}"));
            }
            let mut dead = mem::replace(self, Self::start()?);
            let status = dead.stop()?;
            attempts += 1;
            if attempts == MAX_ATTEMPTS {
                bail!("the worker died, {attempts} times: {status}");
            }
        }
    }

    /// Sends a task and waits for its answer. An error means that the process has died.
    fn ask(&mut self, task: &[u8]) -> io::Result<Vec<u8>> {
        send(self.process.stdin.as_mut().expect("piped"), task)?;
        receive(self.process.stdout.as_mut().expect("piped"))
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

/// What a worker does: answers tasks until the parent closes the pipe or ends.
fn serve<T: DeserializeOwned, R: Serialize>(work: fn(T) -> R) -> Result<()> {
    // The pipes leave stdin and stdout, so that a task, or a program that it starts, can print
    // without breaking a message, and cannot keep the pipes open when this process dies.
    let mut tasks = File::from(io::stdin().as_fd().try_clone_to_owned()?);
    let mut answers = File::from(io::stdout().as_fd().try_clone_to_owned()?);
    dup2_stdin(File::open("/dev/null")?)?;
    dup2_stdout(io::stderr())?;

    while let Ok(task) = receive(&mut tasks) {
        let task = postcard::from_bytes(&task)?;
        let result = catch_unwind(AssertUnwindSafe(|| work(task)));
        let result = result.map_err(panic_message);
        send(&mut answers, &postcard::to_stdvec(&result)?)?;
    }
    Ok(())
}

fn panic_message(panic: Box<dyn Any + Send>) -> String {
    if let Some(message) = panic.downcast_ref::<String>() {
        message.clone()
    } else if let Some(message) = panic.downcast_ref::<&str>() {
        message.to_string()
    } else {
        "no message".to_owned()
    }
}

/// Sends one message: its length, then its bytes.
fn send(pipe: &mut impl Write, message: &[u8]) -> io::Result<()> {
    let length = message.len().to_le_bytes();
    pipe.write_all(&[&length, message].concat()) // in one write: the reader wakes up once
}

/// Receives one message. The end of the pipe is an error.
fn receive(pipe: &mut impl Read) -> io::Result<Vec<u8>> {
    let mut length = [0; size_of::<usize>()];
    pipe.read_exact(&mut length)?;
    let mut message = vec![0; usize::from_le_bytes(length)];
    pipe.read_exact(&mut message)?;
    Ok(message)
}

// ---- Demo ----------------------------------------------------------------------------------

use std::ops::Range;

fn main() -> Result<()> {
    let mut pool = ProcessPool::start(2, count_primes)?; // a worker stays in here

    let ranges: Vec<_> = (0..20).map(|n| n * 10_000..(n + 1) * 10_000).collect();
    let mut primes = 0;
    for count in pool.map(&ranges) {
        primes += count?;
    }
    println!("20 tasks, 2 processes: {primes} primes below 200000");

    for count in pool.map(&[0..10, 0..u32::MAX, CRASHES, 0..10]) {
        match count {
            Ok(count) => println!("{count} primes"),
            Err(error) => println!("error: {error}"),
        }
    }
    Ok(())
}

/// Stands for an input that crashes a C library.
const CRASHES: Range<u32> = 13..13;

fn count_primes(range: Range<u32>) -> usize {
    assert!(range.end <= 1_000_000, "too large: {range:?}");
    if range == CRASHES {
        process::abort();
    }
    range.filter(|n| is_prime(*n)).count()
}

fn is_prime(n: u32) -> bool {
    n >= 2 && (2..=n.isqrt()).all(|divisor| !n.is_multiple_of(divisor))
}
