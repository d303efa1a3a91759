//! Fixed: the writer is flushed, so all lines are in the file, or there is an error.
//!
//! `flush` hands the buffer to the operating system, and waits for the write that tokio's `File`
//! does in the background. It must be reached also after an early return and a cancel; what must
//! not be lost is given to a task of its own (`background_writer`). For a power failure there is
//! `File::sync_all`.
//!
//! Python: `with open(path, "w") as file:`
//! Broken: `lost_buffered_write_broken`
//! Needs: `cargo add tempfile@3`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_buffered_write_fixed
//! wrote 2 lines, the file has 2 of them
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
    file.flush().await // FIXED: writes them
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
