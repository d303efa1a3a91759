//! Leak: a program that starts itself as its worker does so in the worker too, again and again.
//!
//! You see: the machine stands still, and `ps` shows hundreds of the same program. In Python "An
//! attempt has been made to start a new process before the current process has finished its
//! bootstrapping phase", with the advice about `if __name__ == "__main__"` and `freeze_support()`.
//! Why: the child runs the same `main` from its beginning. Nothing tells it that it is the worker.
//! Rule: look at the role first, and start nothing before that.
//!
//! Python: `multiprocessing.Process(...).start()` outside of `if __name__ == "__main__":`
//! Caught by: no lint
//! Fixed: `leak_self_spawn_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_self_spawn_broken
//! ? 1
//! process 1: starts a worker
//! process 2: starts a worker
//! process 3: starts a worker
//! process 4: one too many
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
    if process == 4 {
        println!("process 4: one too many"); // only for the demo: nothing else would end it
        return Ok(ExitCode::FAILURE);
    }
    start_worker(process) // BROKEN: in the worker as well
}
