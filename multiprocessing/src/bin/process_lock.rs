//! Let one process at a time into a section: a lock on a file.
//!
//! Use it when programs that know nothing of each other change the same thing: a file, a folder, a
//! device. All of them lock the same file before they begin. Whoever comes second waits in `lock`
//! until the first one has closed its file.
//!
//! - The kernel unlocks when the process ends, also when it is killed. What it left half-done stays
//!   half-done, and the next one is not told: `robust_mutex`.
//! - The lock belongs to the open file. A `try_clone` of it shares the lock and excludes nobody, so
//!   each thread that takes part calls `acquire` itself.
//! - It binds only those who ask for it: other programs can still write what it protects.
//! - Never delete the lock file. Another process would create and lock a new one beside yours.
//! - Not to wait: `File::try_lock`. Many readers, one writer: `File::lock_shared`.
//!
//! Python: `multiprocessing.Lock()` between relatives, `fcntl.flock` between strangers
//! Needs: nothing
//! Demo needs: `cargo add tempfile@3`
//! Tested: `multiprocessing/tests/holder_killed.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin process_lock
//! 4 processes read a number and wrote it back plus 1, 100 times each: 400
//! ```

use std::fs::File;
use std::io;
use std::path::Path;

/// Holds the lock until it is dropped or the process ends.
pub struct ProcessLock {
    _file: File, // closing it unlocks
}

impl ProcessLock {
    /// Waits until no other `ProcessLock` holds the file at `path`, and takes it. A file that does
    /// not exist is created.
    ///
    /// # Errors
    /// If the file cannot be opened, or its file system has no locks.
    pub fn acquire(path: &Path) -> io::Result<Self> {
        let mut options = File::options();
        options.read(true).append(true).create(true); // it is neither read nor written
        let file = options.open(path)?;
        file.lock()?;
        Ok(Self { _file: file })
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::env;
use std::error::Error;
use std::fs;
use std::process::Command;

fn main() -> Result<(), Box<dyn Error>> {
    if let Some(folder) = env::args_os().nth(1) {
        return count(Path::new(&folder)); // this is a child
    }

    let folder = tempfile::tempdir()?;
    let number = folder.path().join("number");
    fs::write(&number, "0")?;
    let mut children = Vec::new();
    for _ in 0..4 {
        let mut command = Command::new(env::current_exe()?);
        let child = command.arg(folder.path()).spawn()?;
        children.push(child);
    }
    for mut child in children {
        child.wait()?;
    }
    let number = fs::read_to_string(number)?;
    println!("4 processes read a number and wrote it back plus 1, 100 times each: {number}");
    Ok(())
}

fn count(folder: &Path) -> Result<(), Box<dyn Error>> {
    let number = folder.join("number");
    for _ in 0..100 {
        let _lock = ProcessLock::acquire(&folder.join("lock"))?;
        let old: u32 = fs::read_to_string(&number)?.parse()?;
        let new = old + 1;
        fs::write(&number, new.to_string())?;
    }
    Ok(())
}
