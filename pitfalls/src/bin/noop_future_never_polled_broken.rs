//! Silent no-op: an `async fn` is called and not awaited, so nothing is saved.
//!
//! You see: no error, no warning, and no rows.
//! Why: the call builds a future; only `.await` runs it. rustc warns about a future that is
//! dropped on the spot, and `let _ =` silences just that warning.
//! Rule: never write `let _ =` in front of a call that returns a future.
//!
//! Python: `save(row)` without `await` ("coroutine 'save' was never awaited").
//! Caught by: clippy `let_underscore_future`; without `let _ =`, rustc `unused_must_use`; any test
//! that counts the rows, as `models/tests/broken.rs` does.
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

use tokio::io::{AsyncWrite, AsyncWriteExt};

/// Writes each of `rows` to `table`, as a line.
pub async fn save_all(table: &mut (impl AsyncWrite + Unpin), rows: &[&str]) -> io::Result<()> {
    for row in rows {
        #[expect(
            clippy::let_underscore_future,
            reason = "the mistake that this file shows"
        )]
        let _ = save(table, row); // BROKEN: builds a future and drops it
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
