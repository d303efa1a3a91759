//! Fixed: the buffer is flushed before the fork, so the child has an empty one.
//!
//! The child also flushes what it prints itself, and ends by `_exit`, which runs nothing of the
//! parent: no buffers, no exit handlers, no destructors. Starting a program with `Command` has none
//! of this: its memory is new.
//!
//! Python: `sys.stdout.flush()` before `os.fork()`, and `os._exit(0)` in the child
//! Broken: `lost_output_after_fork_broken`
//! Needs: `cargo add libc@0.2`, `cargo add nix@0.31 -F process`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_output_after_fork_fixed
//! the program printed: "saved done, "
//! ```

use std::env;
use std::io::{self, Write};
use std::process::{Command, ExitCode};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

/// Prints, forks, and prints again in the child.
///
/// # Errors
/// If the system does not fork, or stdout cannot be written.
fn report() -> io::Result<()> {
    print!("saved ");
    io::stdout().flush()?; // FIXED: the buffer is empty when it is copied
    // SAFETY: this process has one thread, so the child may do whatever it likes.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            Ok(())
        }
        ForkResult::Child => {
            print!("done, ");
            io::stdout().flush()?;
            // SAFETY: it ends the process at once.
            unsafe { libc::_exit(0) }
        }
    }
}

fn main() -> io::Result<ExitCode> {
    if env::args().nth(1).as_deref() == Some("report") {
        report()?;
        return Ok(ExitCode::SUCCESS);
    }

    let mut program = Command::new(env::current_exe()?);
    let output = program.arg("report").output()?;
    let printed = String::from_utf8_lossy(&output.stdout);
    println!("the program printed: {printed:?}");
    if printed == "saved done, " {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
