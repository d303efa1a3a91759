//! No-op: an `async fn` is called without `.await`, so nothing is saved.
//!
//! You see: no error, no warning, and no rows.
//! Why: the call only builds a future, and futures do nothing unless they are awaited. rustc warns
//! about an "unused implementer of `Future` that must be used"; `let _ =` silences that.
//! Rule: never write `let _ =` before a call that returns a future.
//!
//! Python: `save(row)` without `await` (RuntimeWarning: coroutine 'save' was never awaited)
//! Caught by: clippy `let_underscore_future`; without `let _ =`, rustc `unused_must_use`; any test
//! that counts the rows, such as `models/tests/noops.rs`
//! Fixed: `noop_future_never_polled_fixed`
//! Needs: `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin noop_future_never_polled_broken
//! ? 1
//! saved 0 of 3 rows
//! ```

use std::io;
use std::process::ExitCode;

use tokio::task;

/// Saves `rows` in `table`, one after the other.
pub async fn save_all(table: &mut Vec<String>, rows: &[&str]) -> io::Result<()> {
    for row in rows {
        #[expect(
            clippy::let_underscore_future,
            reason = "the mistake that this file shows"
        )]
        let _ = save(table, row); // BROKEN: builds a future and drops it
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
