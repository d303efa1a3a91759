//! Lost: text is still in a buffer when the process forks, and both processes print it.
//!
//! You see: text appears twice: what was printed without a line end, or lines in a `BufWriter`. If
//! the child ends by `_exit`, as it should, what it has printed itself may be missing instead.
//! Why: `fork` copies the memory, and with it the buffer of stdout. Each process that ends normally
//! writes its copy. `_exit` writes none.
//! Rule: flush before `fork`; the child flushes what it prints, and ends by `_exit`.
//!
//! Python: `print("saved", end="")` before `os.fork()`
//! Caught by: no lint
//! Fixed: `lost_output_after_fork_fixed`
//! Needs: `cargo add nix@0.31 -F process`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_output_after_fork_broken
//! ? 1
//! the program printed: "saved done, saved "
//! ```

use std::env;
use std::io::{self, Write};
use std::process::{self, Command, ExitCode};

use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, fork};

/// Prints, forks, and prints again in the child.
///
/// # Errors
/// If the system does not fork, or stdout cannot be written.
fn report() -> io::Result<()> {
    print!("saved ");
    // SAFETY: this process has one thread, so the child may do whatever it likes.
    match unsafe { fork() }? {
        ForkResult::Parent { child } => {
            waitpid(child, None)?;
            Ok(())
        }
        ForkResult::Child => {
            print!("done, ");
            io::stdout().flush()?;
            // BROKEN: the buffer of the parent was copied, and was written above
            process::exit(0)
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
