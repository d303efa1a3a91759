//! Fixed: every save is awaited, so every row is saved.
//!
//! `.await` runs a future to its end, here one save after the other, as one file wants it. To
//! start all of them before waiting for any, hand the futures to `join_all`: see `gather_join`.
//! An error now ends the loop; before, nobody could have seen one.
//!
//! Python: `await save(row)`.
//! Broken: `noop_future_never_polled_broken`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_future_never_polled_fixed
//! saved 3 of 3 rows
//! ```

use std::io;
use std::process::ExitCode;

use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Writes each of `rows` to `table`, as a line.
pub async fn save_all(table: &mut (impl AsyncWrite + Unpin), rows: &[&str]) -> io::Result<()> {
    for row in rows {
        save(table, row).await?; // FIXED: runs it
    }
    table.flush().await
}

async fn save(table: &mut (impl AsyncWrite + Unpin), row: &str) -> io::Result<()> {
    table.write_all(format!("{row}\n").as_bytes()).await
}

// Only for the demo from here on.

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<ExitCode> {
    let mut table = Vec::new(); // stands for a file or a socket
    save_all(&mut table, &["ada", "grace", "edsger"]).await?;
    let saved = table.iter().filter(|&&byte| byte == b'\n').count();
    println!("saved {saved} of 3 rows");
    Ok(if saved == 3 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}
