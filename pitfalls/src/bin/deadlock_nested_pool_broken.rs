//! Deadlock: a job waits for another job of its own thread pool, and no worker is left to run it.
//!
//! You see: a thread pool works with flat folders and hangs with deep ones, or on a machine with
//! fewer cores. All workers wait, and the CPU is idle.
//! Why: a worker that waits in `recv` does nothing else, also in the body of a `rayon::scope`,
//! which runs on a worker as well. Once every worker waits, the jobs that they wait for stay in the
//! queue.
//! Rule: a job never blocks on a job of its own pool. Return the result through `par_iter` or
//! `join`, or wait for the end of a `scope`: there a rayon worker runs other jobs while it waits.
//!
//! Python: `executor.submit(...).result()` inside a job of the same executor; in a
//! `multiprocessing.Pool` you see "daemonic processes are not allowed to have children"
//! Caught by: nothing
//! Fixed: `deadlock_nested_pool_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_nested_pool_broken
//! ? 1
//! deadlock: 2 of 3 folders are begun, and both workers wait
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

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
    rayon::scope(|scope| {
        let (report, sizes) = mpsc::channel();
        for inner in &folder.folders {
            let report = report.clone();
            scope.spawn(move |_| {
                let bytes = size(inner);
                report.send(bytes).unwrap();
            });
        }
        drop(report);
        let below: u64 = sizes.iter().sum(); // BROKEN: a worker sleeps here
        folder.bytes + below
    })
}

fn main() -> ExitCode {
    let photos = folder(3_000, vec![]);
    let ada = folder(200, vec![photos]);
    let home = folder(10, vec![ada]);
    let pool = rayon::ThreadPoolBuilder::new().num_threads(2);
    pool.build_global().unwrap();
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(size(&home)).unwrap());

    match result.recv_timeout(Duration::from_millis(300)) {
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
