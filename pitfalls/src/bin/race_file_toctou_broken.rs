//! Race: two workers check that a file does not exist, and both create it.
//!
//! You see: a job runs twice, and its file holds the output of only one of the two runs.
//! Why: this is TOCTOU, time of check to time of use. Between `exists` and `create` another worker
//! creates the file, and `File::create` does not mind: it empties a file that exists. Here a
//! barrier forces the bad moment on every run.
//! Rule: do not ask first; make the one call that fails if the answer is no.
//!
//! Python: `if not os.path.exists(path): open(path, "w")`
//! Caught by: no lint
//! Fixed: `race_file_toctou_fixed`
//! Needs: `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_file_toctou_broken
//! ? 1
//! 1 job, 2 workers: done by 2
//! ```

use std::fs::File;
use std::io;
use std::path::Path;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;

/// Creates the file at `path` for one caller. Everybody else gets `None`.
pub fn claim(path: &Path, both_have_looked: &Barrier) -> io::Result<Option<File>> {
    if path.exists() {
        return Ok(None);
    }
    both_have_looked.wait(); // only for the demo: both have seen that there is no file
    let file = File::create(path)?; // BROKEN: the file may exist by now
    Ok(Some(file))
}

fn main() -> io::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("job-1.out");
    let both_have_looked = Barrier::new(2);
    let files = thread::scope(|scope| {
        let first = scope.spawn(|| claim(&path, &both_have_looked));
        let second = scope.spawn(|| claim(&path, &both_have_looked));
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
