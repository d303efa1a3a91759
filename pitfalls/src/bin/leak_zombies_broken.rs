//! Leak: child processes end and nobody waits for them, so they stay as zombies.
//!
//! You see: `<defunct>` in `ps`, more of them every day; at last "Resource temporarily unavailable
//! (os error 11)", for there are no process ids left.
//! Why: the system keeps the exit status of a child until its parent asks for it. Dropping a
//! `Child` neither kills nor waits, and a handle that goes out of scope says nothing.
//! Rule: whoever starts a child waits for it.
//!
//! Python: a `subprocess.Popen` that is dropped; Python collects it when it starts the next one
//! Caught by: clippy `zombie_processes`, but not where `?` comes after `spawn()`
//! Fixed: `leak_zombies_fixed`
//! Needs: nothing
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_zombies_broken
//! ? 1
//! 3 reports started, 3 zombies
//! ```

use std::fs;
use std::process::{Command, ExitCode, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// Starts a program that sends a report. Returns its process id.
///
/// # Panics
/// If it cannot be started.
pub fn report() -> u32 {
    let mut command = Command::new("echo");
    command.arg("all is well").stdout(Stdio::null());
    #[expect(clippy::zombie_processes, reason = "the mistake that this file shows")]
    let child = command.spawn().expect("echo can be started");
    child.id() // BROKEN: nobody waits for the child
}

/// Whether the process has ended, and is still in the system's table.
fn is_zombie(id: u32) -> bool {
    let deadline = Instant::now() + Duration::from_secs(10);
    while Instant::now() < deadline {
        // As in `4711 (echo) Z 4710 ...`; there is no such file when the process is forgotten.
        let Ok(stat) = fs::read_to_string(format!("/proc/{id}/stat")) else {
            return false;
        };
        if stat.contains(") Z ") {
            return true;
        }
        thread::sleep(Duration::from_millis(1)); // it is about to end
    }
    false
}

fn main() -> ExitCode {
    let mut zombies = 0;
    for _report in 0..3 {
        let id = report();
        if is_zombie(id) {
            zombies += 1;
        }
    }

    println!("3 reports started, {zombies} zombies");
    if zombies == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
