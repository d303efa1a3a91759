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
//! bytes within 300ms: Err(Timeout)
//! begun: 2 of 3 folders, with 2 workers
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

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
