//! Fixed: one `spawn_blocking` opens, reads and closes the file, with the buffer of std.
//!
//! The task waits once. The closure should not run for long: it cannot be canceled, and it takes
//! one of tokio's 512 blocking threads. A `tokio::io::BufReader` helps as well: it makes a trip for
//! each 8 KiB.
//!
//! Python: `await asyncio.to_thread(sum_records, path)`
//! Broken: `slow_tokio_fs_broken`
//! Needs: `cargo add tempfile@3`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_tokio_fs_fixed
//! the sum of 10000 records is 49995000
//! the event loop went to sleep [..] times: at most 1000
//! ```

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use tokio::fs;
use tokio::runtime::Handle;
use tokio::task::spawn_blocking;

/// Adds up the records of a file: numbers of four bytes.
///
/// # Errors
/// If the file cannot be read.
pub async fn sum_records(path: PathBuf) -> io::Result<u32> {
    // FIXED: one trip for all of it
    let summing = spawn_blocking(move || sum_blocking(&path));
    summing.await.expect("it does not panic")
}

fn sum_blocking(path: &Path) -> io::Result<u32> {
    let mut file = BufReader::new(File::open(path)?);
    let mut record = [0; 4];
    let mut sum = 0;
    loop {
        match file.read_exact(&mut record) {
            Ok(()) => sum += u32::from_be_bytes(record),
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
