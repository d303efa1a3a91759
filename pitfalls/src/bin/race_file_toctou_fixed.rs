//! Fixed: two workers try to create a file, and one of them is told that it is there.
//!
//! `create_new` looks and creates in one step of the file system, so it holds among processes
//! too. A winner that dies leaves the file behind; where that must not block the next one, keep
//! the file and take `File::try_lock` on it, which ends with its process.
//!
//! Python: `open(path, "x")` and `except FileExistsError`.
//! Broken: `race_file_toctou_broken`
//! Needs: `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_file_toctou_fixed
//! files: 1000; claims that 2 workers won: 1000; lines that are left: 1000 of 1000
//! ```

use std::fs::{self, File};
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::process::ExitCode;
use std::thread;

/// Creates the file and returns it, or `None` if it is there: so one caller gets it, and one only.
pub fn claim(path: &Path) -> io::Result<Option<File>> {
    match File::create_new(path) {
        // FIXED: looks and creates in one step
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        created => created.map(Some),
    }
}

// Only for the demo from here on.

const FILES: usize = 1000; // enough to meet at some

fn main() -> io::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let paths: Vec<_> = (0..FILES)
        .map(|n| folder.path().join(format!("{n}.txt")))
        .collect();
    let work = |worker| {
        let mut won = 0;
        for path in &paths {
            if let Some(mut file) = claim(path)? {
                file.write_all(format!("by worker {worker}\n").as_bytes())?;
                won += 1;
            }
        }
        Ok(won)
    };
    let results: [io::Result<usize>; 2] = thread::scope(|s| {
        let workers = [1, 2].map(|worker| s.spawn(move || work(worker)));
        workers.map(|worker| worker.join().unwrap())
    });
    let (mut won, mut left) = (0, 0);
    for result in results {
        won += result?;
    }
    for path in &paths {
        left += fs::read_to_string(path)?.lines().count();
    }
    println!(
        "files: {FILES}; claims that 2 workers won: {won}; lines that are left: {left} of {won}"
    );
    Ok(if won == FILES && left == won {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
