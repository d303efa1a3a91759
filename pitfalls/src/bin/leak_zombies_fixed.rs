//! Fixed: each child is waited for, so the system can forget it.
//!
//! `status` and `output` start a child and wait for it. Where the caller must not wait, a thread
//! does, or tokio's `Command`, which collects its children by itself. A parent that ends leaves its
//! children to the system, which waits for them.
//!
//! Python: `process.wait()`, or `subprocess.run`
//! Broken: `leak_zombies_broken`
//! Needs: nothing
//! Runs on: Linux
//!
//! ```console
//! $ cargo run -p pitfalls --bin leak_zombies_fixed
//! 3 reports started, 0 zombies
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
    let mut child = command.spawn().expect("echo can be started");
    child.wait().expect("it is our child"); // FIXED: waits
    child.id()
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
