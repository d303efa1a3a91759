//! Fixed: each transaction takes the write lock when it begins, so the second one waits.
//!
//! `busy_timeout` is for exactly that wait. There is one writer at a time in any case; what is lost
//! is only that a reader could have begun earlier. Readers go on with deferred transactions, and in
//! WAL mode a writer does not hold them up (`sqlite_threads`).
//!
//! Python: `connection.execute("BEGIN IMMEDIATE")`
//! Broken: `race_sqlite_read_then_write_broken`
//! Needs: `cargo add rusqlite@0.39 -F bundled`, `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_sqlite_read_then_write_fixed -F database
//! 2 transfers: 2 committed, errors: []
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

/// Adds `amount` to the balance, in a transaction.
///
/// # Errors
/// If SQLite reports one.
pub fn deposit(path: &Path, amount: i64) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // FIXED: begins as a writer
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
    let read = transaction.query_row("SELECT balance FROM account", [], |row| row.get(0));
    let balance: i64 = read?;
    transaction.execute("UPDATE account SET balance = ?1", [balance + amount])?;
    transaction.commit()
}

const TABLE: &str = "CREATE TABLE account (balance); INSERT INTO account VALUES (100)";

fn main() -> Result<ExitCode, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("bank.db");
    let database = Connection::open(&path)?;
    database.pragma_update(None, "journal_mode", "wal")?;
    database.execute_batch(TABLE)?;

    let results = thread::scope(|scope| {
        let first = scope.spawn(|| deposit(&path, 10));
        let second = scope.spawn(|| deposit(&path, 20));
        [first.join().unwrap(), second.join().unwrap()]
    });
    let committed = results.iter().filter(|result| result.is_ok()).count();
    let errors = results.into_iter().filter_map(Result::err);
    let errors: Vec<String> = errors.map(|error| error.to_string()).collect();
    println!("2 transfers: {committed} committed, errors: {errors:?}");
    if committed == 2 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
