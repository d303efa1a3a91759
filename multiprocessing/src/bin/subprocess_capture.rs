//! Run a command, capture what it prints, and turn a failure into an error that says why.
//!
//! Use it to call another program as a function: arguments and text in, text out. `capture` is
//! the usual case. `capture_with_input` also writes to the command's stdin, on a thread of its
//! own. A pipe holds only 64 KiB: if you wrote everything first and read afterwards, you and the
//! command could wait for each other.
//!
//! - There is no shell: an argument is handed over as it is, spaces and `;` included.
//! - A status other than 0 is an error, with what the command wrote to stderr.
//! - All of the output is in memory. For lines as they come, with a timeout:
//!   `subprocess_live_output`.
//! - A program in the background that still holds the output is waited for as well.
//! - To inherit the terminal and only get the status, use `Command::status`.
//!
//! Python: `subprocess.run(.., input=text, capture_output=True, text=True, check=True).stdout`
//! Needs: `cargo add anyhow@1`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/subprocess_capture.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin subprocess_capture
//! 7
//! apple
//! pear
//! error: "ls" "no such file": exit status: [..]: ls: [..]: No such file or directory
//! ```

use std::io::Write;
use std::process::{Command, Output, Stdio};
use std::thread;

use anyhow::{Context, Result, bail};

/// Runs `command` with an empty stdin, and returns what it wrote to stdout.
///
/// # Errors
/// If the command does not start, ends with a status other than 0, or prints what is not UTF-8.
pub fn capture(command: &mut Command) -> Result<String> {
    let output = command.output().with_context(|| format!("{command:?}"))?;
    check(command, output)
}

/// Runs `command` with `input` as its stdin, and returns what it wrote to stdout. The command need
/// not read all of it.
///
/// # Errors
/// As `capture`.
pub fn capture_with_input(command: &mut Command, input: &str) -> Result<String> {
    let mut child = command
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| format!("{command:?}"))?;
    let mut stdin = child.stdin.take().expect("piped");
    let output = thread::scope(|scope| {
        scope.spawn(move || {
            // An error: the command has closed its stdin. Its status says whether that is bad.
            let _ = stdin.write_all(input.as_bytes());
            // Here `stdin` is dropped, and the command reads the end.
        });
        child.wait_with_output()
    })?;
    check(command, output)
}

fn check(command: &Command, output: Output) -> Result<String> {
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr);
        bail!("{command:?}: {}: {}", output.status, stderr.trim_end());
    }
    Ok(String::from_utf8(output.stdout)?)
}

// ---- Demo ----------------------------------------------------------------------------------

fn main() -> Result<()> {
    let sum = capture(Command::new("expr").args(["3", "+", "4"]))?;
    print!("{sum}");

    let sorted = capture_with_input(&mut Command::new("sort"), "pear\napple\n")?;
    print!("{sorted}");

    if let Err(error) = capture(Command::new("ls").arg("no such file")) {
        println!("error: {error:#}"); // `#`: with its cause
    }
    Ok(())
}
