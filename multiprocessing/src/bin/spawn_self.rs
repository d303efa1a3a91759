//! Start this program again as a child process, in another role.
//!
//! Use it for a part of the program that must be a process of its own: it may crash, or it needs
//! other rights. The child is the same executable with an argument that names its role, and `main`
//! looks at that argument before it does anything else.
//!
//! - Without this check the child would start a child, and so on: `leak_self_spawn`.
//! - The child inherits the environment, the folder and the three standard streams, but no memory.
//!   Its arguments are strings, and everybody can see them in `ps`. For a typed job: `pickle_args`.
//! - An exit code says success or failure, and little more. On Unix it has 8 bits.
//! - In a `#[test]` the current executable is the test program, which rejects the role as an
//!   unknown option. In `tests/`, start `env!("CARGO_BIN_EXE_<name>")` instead.
//! - Copy `CHILD`, the check at the start of `main`, and the spawn.
//!
//! Python: `Process(target=f).start()`, with the guard `if __name__ == "__main__":` and
//! `freeze_support()`; without: "before the current process has finished its bootstrapping phase"
//! Needs: nothing
//! Tested: `multiprocessing/tests/proof/spawn_self.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin spawn_self
//! parent: I am process [..]
//! child: I am process [..], and count the vowels of "hello from your process"
//! parent: the child has ended with exit code 7
//! ```

use std::env;
use std::io;
use std::process::{self, Command, ExitCode};

/// The argument that makes this program a child.
const CHILD: &str = "--count-vowels";

fn main() -> io::Result<ExitCode> {
    let arguments: Vec<String> = env::args().collect();
    if let [_, role, text] = arguments.as_slice()
        && role == CHILD
    {
        return Ok(count_vowels(text)); // the child does nothing else
    }

    println!("parent: I am process {}", process::id());
    let program = env::current_exe()?;
    let mut child = Command::new(program)
        .args([CHILD, "hello from your process"])
        .spawn()?;

    let status = child.wait()?;
    match status.code() {
        Some(code) => println!("parent: the child has ended with exit code {code}"),
        None => println!("parent: the child was killed: {status}"),
    }
    Ok(ExitCode::SUCCESS)
}

/// What the child does. Its exit code is the number of vowels.
fn count_vowels(text: &str) -> ExitCode {
    let pid = process::id();
    println!("child: I am process {pid}, and count the vowels of {text:?}");
    let vowels = text.chars().filter(|letter| "aeiou".contains(*letter));
    ExitCode::from(vowels.count() as u8)
}
