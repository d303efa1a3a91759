//! Slow: ten thousand small reads through `tokio::fs`, each of them a trip to another thread.
//!
//! You see: async code that reads files is many times slower than the blocking version, with much
//! time in `futex` and `epoll_wait`.
//! Why: operating systems have hardly any asynchronous files, so `tokio::fs` runs each operation on
//! its pool of blocking threads, and the task waits until the result is sent back.
//! Rule: put all of a file's work into one `spawn_blocking`, or read in large pieces.
//!
//! Python: `aiofiles`, which is a thread pool as well
//! Caught by: no lint
//! Fixed: `slow_tokio_fs_fixed`
//! Needs: `cargo add tempfile@3`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_tokio_fs_broken
//! ? 1
//! the sum of 10000 records is 49995000
//! the event loop went to sleep [..] times: more than 1000
//! ```

use std::io;
use std::path::PathBuf;
use std::process::ExitCode;

use tokio::fs::{self, File};
use tokio::io::AsyncReadExt;
use tokio::runtime::Handle;

/// Adds up the records of a file: numbers of four bytes.
///
/// # Errors
/// If the file cannot be read.
pub async fn sum_records(path: PathBuf) -> io::Result<u32> {
    let mut file = File::open(path).await?;
    let mut sum = 0;
    loop {
        match file.read_u32().await {
            // BROKEN: a trip to another thread for four bytes
            Ok(record) => sum += record,
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => return Ok(sum),
            Err(error) => return Err(error),
        }
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("records");
    let records: Vec<u8> = (0..10_000_u32).flat_map(u32::to_be_bytes).collect();
    fs::write(&path, records).await?;

    let metrics = Handle::current().metrics();
    let before = metrics.worker_park_count(0);
    let sum = sum_records(path).await?;
    let sleeps = metrics.worker_park_count(0) - before;
    println!("the sum of 10000 records is {sum}");
    let few = sleeps <= 1000;
    let verdict = if few {
        "at most 1000"
    } else {
        "more than 1000"
    };
    println!("the event loop went to sleep {sleeps} times: {verdict}");
    if few {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
