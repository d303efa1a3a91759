//! See what dies when `main` returns: every thread whose handle was dropped, in mid-work.
//!
//! The default is the reverse of Python's: a dropped `JoinHandle` detaches its thread, and when
//! `main` returns the process ends and takes it along, whatever it was doing. No destructor runs
//! in it, so files stay half-written. For the thread that the program must wait for, keep
//! the handle in a `JoinOnDrop`: it joins also where `main` returns early with `?` or panics. It
//! cannot help against `process::exit`, which ends all threads at once, and it waits as
//! long as the thread runs. Where the function waits anyway, `thread::scope` is shorter; to tell
//! the thread to end, `worker_stops_on_drop`.
//!
//! Python: `Thread(daemon=True)` is the default here; `JoinOnDrop` is `daemon=False`,
//! but waits where it is dropped, not at the end of the program.
//! Copy: `JoinOnDrop`.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin daemon_thread
//! detached, main returns: started, main ends
//! joined, main returns: started, main ends, finished, cleaned up
//! joined, main panics: started, main ends, finished, cleaned up
//! joined, process::exit: started, main ends
//! ```

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};
use std::{env, process};

use clap::Parser;

/// A handle that joins its thread when it is dropped, where a `JoinHandle` lets it go.
#[must_use = "dropped at once, it waits at once"]
pub struct JoinOnDrop<T>(Option<JoinHandle<T>>);

impl<T> JoinOnDrop<T> {
    pub fn new(thread: JoinHandle<T>) -> Self {
        Self(Some(thread))
    }

    /// Waits for the thread and returns its value, or the payload of its panic as an error.
    ///
    /// # Panics
    /// In the thread itself: it would wait for its own end.
    pub fn join(mut self) -> thread::Result<T> {
        self.0
            .take()
            .expect("only `join` and `drop` take it")
            .join()
    }
}

impl<T> Drop for JoinOnDrop<T> {
    /// Waits for the thread, unless this is the thread itself. A panic in it was printed when it
    /// happened; who wants to know calls `join`.
    fn drop(&mut self) {
        if let Some(thread) = self.0.take()
            && thread.thread().id() != thread::current().id()
        {
            let _ = thread.join();
        }
    }
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How the child ends: the program starts itself with it
    #[arg(long, hide = true)]
    ends: Option<String>,
}

const DIES: &str = "started, main ends";
const LIVES: &str = "started, main ends, finished, cleaned up";

fn main() -> io::Result<ExitCode> {
    if let Some(ends) = Args::parse().ends {
        child(&ends);
        return Ok(ExitCode::SUCCESS);
    }
    let mut held = true;
    for (ends, expected) in [
        ("detached, main returns", DIES),
        ("joined, main returns", LIVES),
        ("joined, main panics", LIVES),
        ("joined, process::exit", DIES),
    ] {
        let (lines, lived_on) = watch(ends, expected == LIVES)?;
        println!("{ends}: {lines}");
        held &= lines == expected && lived_on == (expected == LIVES);
    }
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Starts a thread that works until the end of stdin, and meanwhile ends its main.
fn child(ends: &str) {
    let (starting, started) = mpsc::sync_channel(1);
    let thread = thread::spawn(move || {
        let _cleanup = CleanUp;
        println!("started");
        let _ = starting.send(());
        let _ = io::stdin().read_to_end(&mut Vec::new());
        println!("finished");
    });
    let _ = started.recv();
    println!("main ends");
    if ends == "detached, main returns" {
        return drop(thread);
    }
    let _joined = JoinOnDrop::new(thread);
    match ends {
        "joined, main panics" => panic!("main panics"),
        "joined, process::exit" => process::exit(0),
        _ => {}
    }
}

struct CleanUp;

impl Drop for CleanUp {
    fn drop(&mut self) {
        println!("cleaned up");
    }
}

/// What the child prints, and whether it lives on when its main has ended and the work of its
/// thread has not: the work lasts as long as we hold the child's stdin open.
fn watch(ends: &str, lives: bool) -> io::Result<(String, bool)> {
    let mut command = Command::new(env::current_exe()?);
    command
        .args(["--ends", ends])
        .stderr(Stdio::null())
        .env_remove("RUST_BACKTRACE");
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let work = child.stdin.take();
    let mut output = BufReader::new(child.stdout.take().expect("it is piped"));

    let mut lines = String::new();
    while !lines.contains("main ends") && output.read_line(&mut lines)? > 0 {}
    // Long enough for one that ends; and to catch one that ends and should not.
    let patience = Duration::from_millis(if lives { 200 } else { 5000 });
    let start = Instant::now();
    while child.try_wait()?.is_none() && start.elapsed() < patience {
        thread::sleep(Duration::from_millis(5));
    }
    let lived_on = child.try_wait()?.is_none();
    drop(work);
    output.read_to_string(&mut lines)?;
    child.wait()?;
    Ok((lines.trim_end().replace('\n', ", "), lived_on))
}
