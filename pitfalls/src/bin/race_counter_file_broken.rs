//! Race: two processes count in one file, and an update vanishes.
//!
//! You see: a counter in a file that falls behind, by more the busier it is.
//! Why: read, add, write is three steps, and a process that reads in between writes the same
//! number. No `Mutex` reaches over to another process. Here the parent forces the bad moment on
//! every run: it lets the two go on once both have read.
//! Rule: lock the file before reading what you will write back to it.
//!
//! Python: `n = int(f.read()) + 1; f.seek(0); f.write(str(n))` in two processes.
//! Caught by: no lint.
//! Fixed: `race_counter_file_fixed`
//! Needs: `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_counter_file_broken
//! ? 1
//! 2 processes added 1 each: the file says 1
//! ```

use std::env;
use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Error, ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Adds `amount` to the number in a file and returns the sum. No file, or an empty one, counts as
/// 0. What is no number, or grows too large for one, is an `InvalidData` error.
pub fn add(path: &Path, amount: u64, moment: impl FnOnce() -> io::Result<()>) -> io::Result<u64> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    let mut text = String::new();
    file.read_to_string(&mut text)?; // BROKEN: others read the same number
    moment()?; // only for the demo: both have read
    let number = if text.trim().is_empty() {
        Some(0)
    } else {
        text.trim().parse().ok()
    };
    let sum = number.and_then(|number: u64| number.checked_add(amount));
    let sum = sum.ok_or_else(|| Error::new(ErrorKind::InvalidData, format!("{text:?}")))?;
    let text = format!("{sum}\n");
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    Ok(sum)
}

// Only for the demo from here on.

const TIMES: u64 = 1; // that each process adds 1

fn main() -> io::Result<ExitCode> {
    if let [_, role, path] = &env::args_os().collect::<Vec<_>>()[..]
        && role == "add"
    {
        for _ in 0..TIMES {
            add(Path::new(path), 1, wait_for_parent)?; // in a child: the program started itself
        }
        return Ok(ExitCode::SUCCESS);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("visits");
    let mut children = Vec::new();
    for _ in 0..2 {
        let mut command = Command::new(env::current_exe()?);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()); // only for the demo
        children.push(command.arg("add").arg(&path).spawn()?);
    }
    for stdout in children.iter_mut().filter_map(|child| child.stdout.take()) {
        // only for the demo: no child goes on before each has read
        BufReader::new(stdout).read_line(&mut String::new())?;
    }
    let mut well = 0;
    for child in &mut children {
        well += u64::from(child.wait()?.success()); // closes its stdin: it goes on
    }
    let total = fs::read_to_string(&path)?;
    println!(
        "{well} processes added {TIMES} each: the file says {}",
        total.trim()
    );
    let right = total.trim() == (2 * TIMES).to_string();
    Ok(if right {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Tells the parent where we are, and waits until it closes our stdin.
fn wait_for_parent() -> io::Result<()> {
    println!("read");
    io::stdin().read_line(&mut String::new()).map(drop)
}
