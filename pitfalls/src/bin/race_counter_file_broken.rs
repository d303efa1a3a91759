//! Race: two processes count in one file, and an update is lost.
//!
//! You see: a counter in a file falls behind, and more so when it is busy.
//! Why: read, add, write are three steps, and a process that reads in between writes the same
//! number. A `Mutex` does not reach into another process. Here the parent forces the bad moment on
//! every run: both children have read before either goes on.
//! Rule: take a file lock before you read what you will write back.
//!
//! Python: `n = int(path.read_text()); path.write_text(str(n + 1))` in two processes
//! Caught by: no lint
//! Fixed: `race_counter_file_fixed`
//! Needs: `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_counter_file_broken
//! ? 1
//! 2 processes counted 1 visit each: the file says 1
//! ```

use std::env;
use std::error::Error;
use std::fs;
use std::io::{self, BufRead, BufReader};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

/// Adds 1 to the number in the file at `path`.
pub fn count_visit(path: &Path) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(path)?; // BROKEN: others may read the same number
    wait_for_parent()?; // only for the demo: both processes have read
    let visits: u64 = text.trim().parse()?;
    let visits = visits + 1;
    fs::write(path, visits.to_string())?;
    Ok(())
}

/// Tells the parent that this process has read the file, and waits until the parent lets it go on.
fn wait_for_parent() -> io::Result<()> {
    println!("read");
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
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
        command.stdin(Stdio::piped()).stdout(Stdio::piped()); // only for the demo
        children.push(command.spawn()?);
    }
    for child in &mut children {
        // only for the demo: waits until the child has read
        let stdout = child.stdout.take().expect("it is piped");
        BufReader::new(stdout).read_line(&mut String::new())?;
    }
    for child in &mut children {
        child.wait()?; // closes its stdin, so it goes on
    }

    let visits = fs::read_to_string(&path)?;
    println!("2 processes counted 1 visit each: the file says {visits}");
    if visits == "2" {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
