//! Lost: a buffered writer of tokio is dropped without `flush`, and what it holds is never written.
//!
//! You see: a file that is empty or ends in the middle of a line, and no error.
//! Why: dropping cannot await, so tokio's `BufWriter` throws its buffer away. The one of std writes
//! it in its `Drop`, but cannot report an error there.
//! Rule: the last thing that is done with a writer is `flush`, and its result is looked at.
//!
//! Python: a file that is never closed, or `os._exit` before its buffer is written
//! Caught by: no lint
//! Fixed: `lost_buffered_write_fixed`
//! Needs: `cargo add tempfile@3`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_buffered_write_broken
//! ? 1
//! wrote 2 lines, the file has 0 of them
//! ```

use std::io;
use std::path::Path;
use std::process::ExitCode;

use tokio::fs::{self, File};
use tokio::io::{AsyncWriteExt, BufWriter};

/// Writes the lines into a new file.
///
/// # Errors
/// If they cannot be written.
pub async fn save(path: &Path, lines: &[&str]) -> io::Result<()> {
    let mut file = BufWriter::new(File::create(path).await?);
    for line in lines {
        file.write_all(line.as_bytes()).await?;
        file.write_all(b"\n").await?;
    }
    Ok(()) // BROKEN: the lines are still in the buffer
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("log");
    save(&path, &["started", "stopped"]).await?;

    let text = fs::read_to_string(&path).await?;
    let lines = text.lines().count();
    println!("wrote 2 lines, the file has {lines} of them");
    if lines == 2 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
