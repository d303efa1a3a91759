//! Fixed: two processes count in one file, and every update counts.
//!
//! `File::lock` lets one process at a time past it, until `lock` is dropped or its process ends.
//! The lock has a file of its own beside the data, so that it holds even if the data is replaced by
//! renaming. Everybody who changes the data must take it: it stops nobody else. The cost is a few
//! system calls, and waiting in line. A crash in the middle of `fs::write` still spoils the file;
//! to survive that, write another file and rename it.
//!
//! Python: `fcntl.flock(lock_file, fcntl.LOCK_EX)` before the read
//! Broken: `race_counter_file_broken`
//! Needs: `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_counter_file_fixed
//! 2 processes counted 1 visit each: the file says 2
//! ```

use std::env;
use std::error::Error;
use std::fs::{self, File};
use std::path::Path;
use std::process::{Command, ExitCode};

/// Adds 1 to the number in the file at `path`.
pub fn count_visit(path: &Path) -> Result<(), Box<dyn Error>> {
    let lock = File::create(path.with_extension("lock"))?;
    lock.lock()?; // FIXED: until `lock` is dropped, the others wait here
    let text = fs::read_to_string(path)?;
    let visits: u64 = text.trim().parse()?;
    let visits = visits + 1;
    fs::write(path, visits.to_string())?;
    Ok(())
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    if let Some(path) = env::args_os().nth(1) {
        count_visit(Path::new(&path))?; // in a child of this program
        return Ok(ExitCode::SUCCESS);
    }

    let folder = tempfile::tempdir()?;
    let path = folder.path().join("visits");
    fs::write(&path, "0")?;
    let mut children = Vec::new();
    for _ in 0..2 {
        let mut command = Command::new(env::current_exe()?);
        command.arg(&path);
        children.push(command.spawn()?);
    }
    for child in &mut children {
        child.wait()?;
    }

    let visits = fs::read_to_string(&path)?;
    println!("2 processes counted 1 visit each: the file says {visits}");
    if visits == "2" {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
