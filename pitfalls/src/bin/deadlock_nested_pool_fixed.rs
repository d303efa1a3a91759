//! Fixed: a job gives parts to its own thread pool, and runs jobs itself until they are done.
//!
//! A rayon worker that waits for a `par_iter` or a `join`, or for the jobs of a `scope` at its end,
//! runs other jobs meanwhile. So folders of any depth are counted by any number of workers, even by
//! one. In a pool whose jobs cannot wait this way, let a job do its parts itself, or return them,
//! so that the caller submits them.
//!
//! Python: no job calls `result()`; the caller collects the futures with `as_completed`
//! Broken: `deadlock_nested_pool_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_nested_pool_fixed
//! 3 folders, 3210 bytes
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use rayon::prelude::*;

/// Stands for a folder on disk: the bytes of its own files, and the folders in it.
pub struct Folder {
    bytes: u64,
    folders: Vec<Folder>,
}

/// How many folders `size` has been called for.
static BEGUN: AtomicUsize = AtomicUsize::new(0);

/// Returns the bytes in `folder` and in all folders below it, counted on the rayon pool.
pub fn size(folder: &Folder) -> u64 {
    BEGUN.fetch_add(1, Relaxed);
    let sizes = folder.folders.par_iter().map(size);
    let below: u64 = sizes.sum(); // FIXED: a worker that waits here runs other jobs
    folder.bytes + below
}

fn main() -> ExitCode {
    let photos = folder(3_000, vec![]);
    let ada = folder(200, vec![photos]);
    let home = folder(10, vec![ada]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
    pool.build_global().unwrap();
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(size(&home)).unwrap());

    match result.recv_timeout(Duration::from_secs(10)) {
        Ok(bytes) => {
            println!("3 folders, {bytes} bytes");
            return ExitCode::SUCCESS;
        }
        Err(RecvTimeoutError::Timeout) => {
            let begun = BEGUN.load(Relaxed);
            println!("deadlock: {begun} of 3 folders are begun, and both workers wait");
        }
        Err(error) => println!("no result: {error}"),
    }
    ExitCode::FAILURE
}

fn folder(bytes: u64, folders: Vec<Folder>) -> Folder {
    Folder { bytes, folders }
}
