//! Fixed: two processes count in one file, and every update counts.
//!
//! `File::lock` lets one process at a time past it, and ends with `file`, or with the process. On
//! Unix it binds only those who ask for it, so everybody who changes the file must. Lock the file
//! that you change, or one beside it, but none that you replace by renaming: the lock stays with
//! the old one. The cost is a system call, and waiting in line.
//!
//! Python: `fcntl.flock(f, fcntl.LOCK_EX)` before `f.read()`.
//! Broken: `race_counter_file_broken`
//! Needs: `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_counter_file_fixed
//! 2 processes added 5000 each: the file says 10000
//! ```

use std::env;
use std::fs::{self, File};
use std::io::{self, Error, ErrorKind, Read, Seek, Write};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Adds `amount` to the number in a file and returns the sum. No file, or an empty one, counts as
/// 0. What is no number, or grows too large for one, is an `InvalidData` error.
pub fn add(path: &Path, amount: u64) -> io::Result<u64> {
    let mut file = File::options()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .open(path)?;
    file.lock()?; // FIXED: until `file` is dropped, the others wait here
    let mut text = String::new();
    file.read_to_string(&mut text)?;
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

const TIMES: u64 = 5000; // that each process adds 1: often enough to meet

fn main() -> io::Result<ExitCode> {
    if let [_, role, path] = &env::args_os().collect::<Vec<_>>()[..]
        && role == "add"
    {
        for _ in 0..TIMES {
            add(Path::new(path), 1)?; // in a child: the program started itself
        }
        return Ok(ExitCode::SUCCESS);
    }
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("visits");
    let mut children = Vec::new();
    for _ in 0..2 {
        let mut command = Command::new(env::current_exe()?);
        children.push(command.arg("add").arg(&path).spawn()?);
    }
    let mut well = 0;
    for child in &mut children {
        well += u64::from(child.wait()?.success());
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
