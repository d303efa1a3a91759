//! Fixed: the first thing that `main` does is to look whether it is the worker.
//!
//! The role is an argument, and the worker returns before it reaches the code that starts workers.
//! Be careful in tests and libraries: there `current_exe` is the test binary, or the program of
//! somebody else. The file `spawn_self` shows how to hand over work in this way.
//!
//! Python: `if __name__ == "__main__":`
//! Broken: `leak_self_spawn_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_self_spawn_fixed
//! process 1: starts a worker
//! process 2: works
//! ```

use std::env;
use std::io;
use std::process::{Command, ExitCode};

/// Starts this program again, as its worker, and waits for it.
fn start_worker(process: u32) -> io::Result<ExitCode> {
    println!("process {process}: starts a worker");
    let mut worker = Command::new(env::current_exe()?);
    worker
        .arg("worker")
        .env("PROCESS", (process + 1).to_string());
    let status = worker.status()?;
    if status.success() {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

fn main() -> io::Result<ExitCode> {
    let process = env::var("PROCESS").unwrap_or_default();
    let process = process.parse().unwrap_or(1);
    if env::args().nth(1).as_deref() == Some("worker") {
        println!("process {process}: works"); // FIXED: the worker starts nothing
        return Ok(ExitCode::SUCCESS);
    }
    start_worker(process)
}
