//! Let child processes end when their parent ends, even if the parent is killed with SIGKILL.
//!
//! Use it for helpers that must not outlive your program. A parent that is killed cannot clean up,
//! and its children run on. There are two ways to prevent it. On Linux, the kernel can kill any
//! program together with its parent. On every system, a program of your own can watch a pipe, which
//! ends when the parent ends.
//!
//! - The kernel kills the child when the thread that has started it ends, not only the process.
//!   Start such children from `main`, or from a thread that lives as long.
//! - Both ways end the child, not what the child has started, and nothing is saved.
//! - The pipe is the child's stdin. `Child::wait` closes it, so take `child.stdin` out of the
//!   `Child`, and keep it for as long as the child is to run.
//! - A parent that ends in order should stop its children itself: `signal_child`.
//!
//! Python: `Process(daemon=True)`, which does nothing if the parent is killed
//! Needs: `cargo add nix@0.31 -F process,signal`
//! Runs on: Linux
//! Tested: `multiprocessing/tests/proof/child_dies_with_parent.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin child_dies_with_parent
//! parent: sleep is running
//! child: I am running
//! the parent: signal: 9 (SIGKILL)
//! both children have ended
//! ```

use std::io::{self, ErrorKind};
use std::os::unix::process::CommandExt;
use std::process::{self, Command};
use std::thread;

use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::Signal;
use nix::unistd::{Pid, getppid};

/// Asks the kernel to kill the process that `command` starts when the thread that starts it ends.
pub fn kill_with_parent(command: &mut Command) -> &mut Command {
    let parent = Pid::this();
    let before_exec = move || {
        set_pdeathsig(Signal::SIGKILL)?;
        if getppid() != parent {
            return Err(ErrorKind::NotFound.into()); // it ended before the line above
        }
        Ok(())
    };
    // SAFETY: after the fork it makes two system calls, and neither allocates nor locks.
    unsafe { command.pre_exec(before_exec) }
}

/// Ends this process when its stdin ends. The parent starts it with `Stdio::piped()`, and writes
/// nothing. Works on every system.
///
/// # Panics
/// If the system has no more threads to give.
pub fn exit_with_parent() {
    thread::spawn(|| {
        let _ = io::copy(&mut io::stdin(), &mut io::sink()); // an error is an end, too
        process::exit(1);
    });
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Duration;

fn main() -> io::Result<()> {
    match env::args().nth(1).as_deref() {
        Some("--parent") => return parent(),
        Some("--child") => return child(),
        _ => {}
    }

    let mut parent = Command::new(env::current_exe()?)
        .arg("--parent")
        .stdout(Stdio::piped())
        .spawn()?;
    let stdout = parent.stdout.take().expect("piped");
    let mut lines = BufReader::new(stdout).lines();
    for line in lines.by_ref().take(2) {
        println!("{}", line?);
    }

    parent.kill()?;
    println!("the parent: {}", parent.wait()?);
    // Its children print to the same pipe, which ends when all of them have ended.
    for line in lines {
        println!("{}", line?);
    }
    println!("both children have ended");
    Ok(())
}

fn parent() -> io::Result<()> {
    let mut sleep = Command::new("sleep");
    let mut sleep = kill_with_parent(sleep.arg("600")).spawn()?;
    println!("parent: sleep is running");

    let mut child = Command::new(env::current_exe()?)
        .arg("--child")
        .stdin(Stdio::piped())
        .spawn()?;
    let _pipe = child.stdin.take(); // kept open
    sleep.wait()?;
    child.wait()?;
    Ok(())
}

fn child() -> io::Result<()> {
    exit_with_parent();
    println!("child: I am running");
    thread::sleep(Duration::from_secs(600));
    Ok(())
}
