//! Race: two transactions read and then write; one of them fails at once with "database is locked".
//!
//! You see: `database is locked` (SQLITE_BUSY) under load, although `busy_timeout` is 5 s and
//! nobody has waited that long.
//! Why: `BEGIN` is deferred: it takes a read lock first, and the write lock at the first write. By
//! then the other transaction has written, and what this one has read is out of date. No waiting
//! helps against that, so SQLite does not wait.
//! Rule: a transaction that is going to write begins with `BEGIN IMMEDIATE`.
//!
//! Python: `sqlite3` does the same: `connection.execute("BEGIN IMMEDIATE")`
//! Caught by: no lint
//! Fixed: `race_sqlite_read_then_write_fixed`
//! Needs: `cargo add rusqlite@0.39 -F bundled`, `cargo add tempfile@3`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_sqlite_read_then_write_broken -F database
//! ? 1
//! 2 transfers: 1 committed, errors: ["database is locked"]
//! ```

use std::path::Path;
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, TransactionBehavior};

static BOTH_HAVE_READ: Barrier = Barrier::new(2); // only for the demo

/// Adds `amount` to the balance, in a transaction.
///
/// # Errors
/// If SQLite reports one.
pub fn deposit(path: &Path, amount: i64) -> rusqlite::Result<()> {
    let mut connection = Connection::open(path)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    // BROKEN: begins as a reader, and becomes a writer later
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Deferred)?;
    let read = transaction.query_row("SELECT balance FROM account", [], |row| row.get(0));
    let balance: i64 = read?;
    BOTH_HAVE_READ.wait(); // only for the demo
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
