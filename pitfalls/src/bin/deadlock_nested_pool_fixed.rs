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
//! bytes within 10s: Ok(3210)
//! begun: 3 of 3 folders, with 2 workers
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rayon::prelude::*;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

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
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        let bytes = size(&home);
        sender.send(bytes).unwrap();
    });

    let bytes = receiver.recv_timeout(LIMIT);
    println!("bytes within {LIMIT:?}: {bytes:?}");
    println!("begun: {BEGUN:?} of 3 folders, with 2 workers");
    if bytes.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

fn folder(bytes: u64, folders: Vec<Folder>) -> Folder {
    Folder { bytes, folders }
}
