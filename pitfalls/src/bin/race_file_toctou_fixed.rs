//! Fixed: two workers try to create a file, and one of them is told that it exists.
//!
//! `File::create_new` looks and creates in one step of the file system, so it also works between
//! processes. It costs nothing. If a worker dies, its file stays and keeps everybody else out.
//! If that must not happen, take `File::try_lock` on a file that stays: the lock ends with its
//! process.
//!
//! Python: `open(path, "x")` and `except FileExistsError`
//! Broken: `race_file_toctou_broken`
//! Needs: `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_file_toctou_fixed
//! 1 job, 2 workers: done by 1
//! ```

use std::fs::File;
use std::io::{self, ErrorKind};
use std::path::Path;
use std::process::ExitCode;
use std::thread;

/// Creates the file at `path` for one caller. Everybody else gets `None`.
pub fn claim(path: &Path) -> io::Result<Option<File>> {
    // FIXED: looks and creates in one step
    match File::create_new(path) {
        Ok(file) => Ok(Some(file)),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        Err(error) => Err(error),
    }
}

fn main() -> io::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("job-1.out");
    let files = thread::scope(|scope| {
        let first = scope.spawn(|| claim(&path));
        let second = scope.spawn(|| claim(&path));
        let first = first.join().unwrap();
        let second = second.join().unwrap();
        [first, second]
    });

    let mut workers = 0;
    for file in files {
        if file?.is_some() {
            workers += 1;
        }
    }
    println!("1 job, 2 workers: done by {workers}");
    if workers == 1 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
