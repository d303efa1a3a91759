//! Stop a child process: ask it first, kill it if it does not listen, and kill what it has started.
//!
//! Use it to end a server, a build or a shell script. SIGTERM asks: the child can save its data and
//! exit. SIGKILL does not ask, and nothing is saved. Killing a child leaves its own children
//! running, so the child gets a process group of its own, and the whole group is killed in the end.
//!
//! - Start the child with `process_group(0)`, from `CommandExt`. Without it, only the child itself
//!   is killed.
//! - Ctrl-C ends your program, but the child is in another group and runs on. Catch SIGINT, and
//!   call `stop` before you exit.
//! - A program that starts a group of its own, such as a daemon, is not killed.
//! - std has no wait with a timeout, so `stop` checks every 10 ms whether the child has ended.
//! - In async code: `subprocess_live_output`.
//!
//! Python: `process.terminate()`, `wait(timeout)`, `kill()`, and `os.killpg` for the group
//! Needs: `cargo add nix@0.31 -F signal`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/signal_child.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin signal_child
//! polite: exit status: 0
//! its output: "started\nsaved\n"
//! stubborn: signal: 9 (SIGKILL)
//! its output: "started\n"
//! ```

use std::io;
use std::process::{Child, ExitStatus};
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill, killpg};
use nix::unistd::Pid;

/// Asks the child to end, and kills it after `patience`. Then kills its process group, and returns
/// how the child has ended. Call it only once, and not after `wait`: by then the system may have
/// given the process id to another process.
///
/// # Errors
/// If the system does not let us send a signal to the child, or wait for it.
pub fn stop(child: &mut Child, patience: Duration) -> io::Result<ExitStatus> {
    let pid = Pid::from_raw(child.id() as i32);
    let deadline = Instant::now() + patience;
    kill(pid, Signal::SIGTERM)?; // not an error if it has ended and is not waited for
    while child.try_wait()?.is_none() && Instant::now() < deadline {
        thread::sleep(Duration::from_millis(10));
    }

    // The group has the number of the child. It is not used again while the group has a
    // member.
    let _ = killpg(pid, Signal::SIGKILL); // an error: none of the group is left
    child.kill()?; // no error if it has ended
    child.wait()
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::{BufRead, BufReader, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, Stdio};

/// Saves its data when it is asked to end. It leaves a program behind that it has started.
const POLITE: &str = "trap 'echo saved; exit 0' TERM; sleep 600 & echo started; wait";

/// Ignores that it is asked to end, and so does the program that it starts.
const STUBBORN: &str = "trap '' TERM; echo started; sleep 600";

fn main() -> io::Result<()> {
    run_and_stop("polite", POLITE, Duration::from_secs(10))?;
    run_and_stop("stubborn", STUBBORN, Duration::from_millis(200))
}

fn run_and_stop(name: &str, script: &str, patience: Duration) -> io::Result<()> {
    let mut child = Command::new("sh")
        .args(["-c", script])
        .process_group(0)
        .stdout(Stdio::piped())
        .spawn()?;
    let mut stdout = BufReader::new(child.stdout.take().expect("piped"));
    let mut output = String::new();
    stdout.read_line(&mut output)?; // now the script listens to the signal

    let status = stop(&mut child, patience)?;
    println!("{name}: {status}");

    // The end of file comes when the programs that the script has started are gone as well.
    stdout.read_to_string(&mut output)?;
    println!("its output: {output:?}");
    Ok(())
}
