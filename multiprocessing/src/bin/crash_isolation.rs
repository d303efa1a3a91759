//! Do a risky job in a child process, so that a crash or a flood of memory ends only the child.
//!
//! Use it for what no `catch_unwind` stops: a C library that segfaults, an abort, a stack
//! overflow, an input that needs all the memory. The child is this program again, started with an
//! argument, and its answer is what it prints. `run_isolated` also runs any other program. The
//! limit is set in the child between fork and exec, before the first line of the program runs.
//!
//! - The limit counts addresses, not memory in use. The stack of each thread counts in full, so
//!   leave room.
//! - In Rust a failed allocation aborts. The error has the number of bytes from stderr.
//! - The programs that the child starts have the limit as well, each for itself. For a limit on
//!   all of them together use a cgroup, with `systemd-run --scope -p MemoryMax=1G`.
//! - There is no timeout: `subprocess_timeout`. For many small jobs: `process_pool`.
//!
//! Python: `subprocess.run(.., preexec_fn=lambda: resource.setrlimit(RLIMIT_AS, (n, n)))`
//! Needs: `cargo add anyhow@1`, `cargo add nix@0.31 -F resource`
//! Runs on: Linux
//! Tested: `multiprocessing/tests/proof/crash_isolation.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin crash_isolation
//! small.png: 640 x 480
//! broken.png: signal: 6 (SIGABRT)[..]: free(): invalid pointer
//! huge.png: signal: 6 (SIGABRT)[..]: memory allocation of 17179869184 bytes failed
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! small.png: 640 x 480
//! ```

use std::os::unix::process::CommandExt;
use std::process::Command;

use anyhow::{Result, bail};
use nix::sys::resource::{Resource, setrlimit};

/// Runs `command` in at most `memory` bytes of address space, and returns what it wrote to stdout.
///
/// # Errors
/// If the command does not start, crashes, or ends with a status other than 0. The message has the
/// signal or the status, and what the command wrote to stderr.
pub fn run_isolated(mut command: Command, memory: u64) -> Result<String> {
    let set_limit = move || {
        setrlimit(Resource::RLIMIT_AS, memory, memory)?;
        Ok(())
    };
    // SAFETY: in the child, between fork and exec, the closure makes one system call and turns its
    // error number into an `io::Error`. It neither allocates nor locks, and only copies `memory`.
    unsafe { command.pre_exec(set_limit) };
    let output = command.output()?;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{}: {}", output.status, stderr.trim_end());
    }
    Ok(String::from_utf8(output.stdout)?)
}

// ---- Demo ----------------------------------------------------------------------------------

use std::{env, process};

fn main() -> Result<()> {
    if let Some(file) = env::args().nth(1) {
        print!("{}", decode(&file)); // this is the child
        return Ok(());
    }

    for file in ["small.png", "broken.png", "huge.png", "small.png"] {
        let mut child = Command::new(env::current_exe()?);
        child.arg(file);
        match run_isolated(child, 1 << 30) {
            Ok(size) => println!("{file}: {size}"),
            Err(error) => println!("{file}: {error}"),
        }
    }
    Ok(())
}

/// Stands for a C library that decodes images.
fn decode(file: &str) -> String {
    if file == "broken.png" {
        eprintln!("free(): invalid pointer");
        process::abort();
    }
    if file == "huge.png" {
        let pixels = vec![255_u8; 16 << 30];
        return format!("{} pixels", pixels.len());
    }
    "640 x 480".to_owned()
}
