//! Deadlock: a job waits for other jobs of its own pool, and no worker is left to do them.
//!
//! You see: works with a few folders, hangs with deep ones, or on a machine with fewer cores.
//! Why: a worker that waits in `recv` does nothing else. Once as many jobs wait as there are
//! workers, the jobs that they wait for stay in the queue.
//! Rule: a job never blocks on a job of its own pool; let rayon wait (`join`, `scope`,
//! `par_iter`), for it works meanwhile.
//!
//! Python: `executor.submit(...).result()` inside a job of `executor` (the docs warn of it).
//! Caught by: nothing
//! Fixed: `deadlock_nested_pool_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_nested_pool_broken
//! ? 1
//! deadlock: 2 of 3 folders are begun, one on each of 2 workers, and both wait for the folder below
//! ```

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

/// The bytes in `folder` and in all folders below it, counted on the current rayon pool.
pub fn size(folder: &Folder) -> u64 {
    rayon::scope(|scope| {
        let (report, sizes) = mpsc::channel();
        for inner in &folder.folders {
            let report = report.clone();
            scope.spawn(move |_| report.send(size(inner)).expect("the receiver waits"));
        }
        drop(report);
        folder.own_bytes() + sizes.iter().sum::<u64>() // BROKEN: a worker sleeps here
    })
}

// Only for the demo from here on.

/// Stands for a folder on disk.
#[derive(Default)]
pub struct Folder {
    bytes: u64,
    folders: Vec<Folder>,
    worker: OnceLock<Option<usize>>,
}

impl Folder {
    /// The bytes of the files in this folder alone. Notes which worker asked.
    pub fn own_bytes(&self) -> u64 {
        self.worker.get_or_init(rayon::current_thread_index);
        self.bytes
    }
}

fn main() -> ExitCode {
    let photos = Folder {
        bytes: 3_000,
        ..Folder::default()
    };
    let ada = Folder {
        bytes: 200,
        folders: vec![photos],
        ..Folder::default()
    };
    let home = Arc::new(Folder {
        bytes: 10,
        folders: vec![ada],
        ..Folder::default()
    });
    let (done, result) = mpsc::channel();
    let folder = home.clone();
    thread::spawn(move || {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(2)
            .build()
            .expect("2 threads");
        done.send(pool.install(|| size(&folder)))
    });
    let gave_up = match result.recv_timeout(Duration::from_millis(300)) {
        Ok(bytes) => {
            println!("3 folders, {bytes} bytes");
            return if bytes == 3_210 {
                ExitCode::SUCCESS
            } else {
                ExitCode::FAILURE
            };
        }
        Err(gave_up) => gave_up,
    };
    let folders = [&home, &home.folders[0], &home.folders[0].folders[0]];
    let workers: Vec<_> = folders
        .iter()
        .filter_map(|folder| folder.worker.get())
        .collect();
    let busy = BTreeSet::from_iter(&workers).len();
    if gave_up == RecvTimeoutError::Timeout && busy == 2 && workers.len() == 2 {
        println!(
            "deadlock: {} of 3 folders are begun, one on each of {busy} workers, and both wait for the folder below",
            workers.len()
        );
    }
    ExitCode::FAILURE
}
