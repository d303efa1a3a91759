//! Fixed: a job hands parts to its own pool and helps until they are done.
//!
//! A rayon worker that waits in `par_iter`, `join` or `scope` works off what is queued meanwhile,
//! so any depth is done by any number of workers, one included. In a pool without such a wait, let
//! a job do its parts itself, or let it return and the caller submit what follows.
//!
//! Python: no job calls `result()`; the caller collects the futures with `as_completed`.
//! Broken: `deadlock_nested_pool_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_nested_pool_fixed
//! 3 folders, 3210 bytes
//! ```

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Duration;

use rayon::prelude::*;

/// The bytes in `folder` and in all folders below it, counted on the current rayon pool.
pub fn size(folder: &Folder) -> u64 {
    folder.own_bytes() + folder.folders.par_iter().map(size).sum::<u64>() // FIXED: works meanwhile
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
    let gave_up = match result.recv_timeout(Duration::from_secs(10)) {
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
