//! Race: two workers check that a file is not there, and both create it.
//!
//! You see: a job runs twice, and the file holds the output of one of the two.
//! Why: between `exists` and `create` somebody else creates the file, and `create` takes a file
//! that is there as well: it empties it. Here a barrier forces the bad moment on every run.
//! Rule: never ask first; do it in the one call that fails if the answer is no.
//!
//! Python: `if not os.path.exists(path): open(path, "w")`.
//! Caught by: no lint.
//! Fixed: `race_file_toctou_fixed`
//! Needs: `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_file_toctou_broken
//! ? 1
//! files: 1; claims that 2 workers won: 2; lines that are left: 1 of 2
//! ```

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;

/// Creates the file and returns it, or `None` if it is there: so one caller gets it, and one only.
pub fn claim(path: &Path, moment: &Barrier) -> io::Result<Option<File>> {
    if path.exists() {
        return Ok(None);
    }
    moment.wait(); // only for the demo: both have looked
    File::create(path).map(Some) // BROKEN: what was looked up is history
}

// Only for the demo from here on.

const FILES: usize = 1;

fn main() -> io::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let paths: Vec<_> = (0..FILES)
        .map(|n| folder.path().join(format!("{n}.txt")))
        .collect();
    let moment = Barrier::new(2);
    let work = |worker| {
        let mut won = 0;
        for path in &paths {
            if let Some(mut file) = claim(path, &moment)? {
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
