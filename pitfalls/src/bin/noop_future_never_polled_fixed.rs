//! Fixed: every call of an `async fn` is awaited, so every row is saved.
//!
//! `.await` runs a future to its end, so here one row is saved after the other. To start all before
//! waiting for any, give the futures to `join_all`: see `gather_join`. An error ends the loop.
//!
//! Python: `await save(row)`
//! Broken: `noop_future_never_polled_broken`
//! Needs: `cargo add tokio@1 -F full`
//! Tested: `models/tests/noops.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_future_never_polled_fixed
//! saved 3 of 3 rows
//! ```

use std::io;
use std::process::ExitCode;

use tokio::task;

/// Saves `rows` in `table`, one after the other.
pub async fn save_all(table: &mut Vec<String>, rows: &[&str]) -> io::Result<()> {
    for row in rows {
        save(table, row).await?; // FIXED: runs it
    }
    Ok(())
}

/// Stands for a call to a database.
async fn save(table: &mut Vec<String>, row: &str) -> io::Result<()> {
    task::yield_now().await;
    table.push(row.to_owned());
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> io::Result<ExitCode> {
    let mut table = Vec::new();
    save_all(&mut table, &["ada", "grace", "edsger"]).await?;
    let saved = table.len();
    println!("saved {saved} of 3 rows");
    if saved == 3 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
