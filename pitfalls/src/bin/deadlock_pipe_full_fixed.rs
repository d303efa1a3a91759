//! Fixed: a program reads all that a child process prints, and then waits for it to end.
//!
//! `wait_with_output` reads stdout and stderr at the same time, both to their ends, and waits after
//! that, so no pipe stays full. It keeps the whole output in memory. To handle the output line by
//! line, read in a loop and `wait` behind it: see `subprocess_live_output`. Without a child to
//! keep, `Command::output` does all of this in one call.
//!
//! Python: `proc.communicate()`, or `subprocess.run(..., capture_output=True)`
//! Broken: `deadlock_pipe_full_broken`
//! Needs: `cargo add nix@0.31 -F signal`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_pipe_full_fixed
//! read 1000000 bytes
//! ```

use std::io;
use std::process::{Child, Command, ExitCode, Output, Stdio};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Waits for `child` to end, and returns its status and all that it printed to its pipes.
pub fn output(child: Child) -> io::Result<Output> {
    child.wait_with_output() // FIXED: reads to the end, then waits
}

fn main() -> io::Result<ExitCode> {
    let mut command = Command::new("head");
    command.args(["-c", "1000000", "/dev/zero"]);
    command.stdout(Stdio::piped());
    let child = command.spawn()?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || sender.send(output(child)).unwrap());

    match receiver.recv_timeout(LIMIT) {
        Ok(output) => {
            println!("read {} bytes", output?.stdout.len());
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("output within {LIMIT:?}: {error:?}");
            kill(pid, Signal::SIGKILL)?; // ends `wait`, so `output` goes on
            let output = receiver.recv().unwrap()?;
            println!("the child: {}", output.status);
            println!("in its pipe: {} bytes", output.stdout.len());
            Ok(ExitCode::FAILURE)
        }
    }
}
