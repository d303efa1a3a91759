//! Use SQLite from async code: rusqlite's blocking calls on threads, over a pool of connections.
//!
//! Use it when many tasks share an SQLite file. SQLite allows many readers at once, but one
//! writer. So there is one connection for writing, for which writers wait in line, and `readers`
//! connections for reading. The calls run on the threads of `spawn_blocking`, where they hold up
//! no other task. In WAL mode, readers and the writer do not wait for each other.
//!
//! - "database is locked" (`SQLITE_BUSY`): a transaction that has read fails at once when it
//!   writes after somebody else has written. `BEGIN IMMEDIATE` takes the lock before it reads.
//! - With many connections that write, a `busy_timeout` is not enough. SQLite has no line for its
//!   lock, so under load one of them may not get it in time.
//! - Another process may write to the file too. A write waits up to 5 s for it. When two processes
//!   open a new file at the same moment, `open` may fail in one of them: call it again.
//! - A call that is dropped while it waits is not made. One that has started runs to its end.
//! - Crates for the same: `deadpool-sqlite`, `tokio-rusqlite`, and `sqlx` (`db_queries`). For many
//!   small writes: `batch_writer`.
//!
//! Python: `sqlite3` with `check_same_thread=False` in a `ThreadPoolExecutor`, or `aiosqlite`
//! Needs: `cargo add deadpool@0.13`, `cargo add rusqlite@0.39 -F bundled`,
//! `cargo add tokio@1 -F rt`
//! Demo needs: `cargo add anyhow@1 futures@0.3 tempfile@3`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/sqlite_threads.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin sqlite_threads -F database
//! 100 withdrawals of 1 at once: 60 paid, the balance is 0
//! ```

use std::panic::resume_unwind;
use std::path::Path;
use std::time::Duration;

use deadpool::unmanaged::Pool;
use rusqlite::{Connection, Result, Transaction, TransactionBehavior};
use tokio::task::spawn_blocking;

/// An SQLite file with a connection for writing and several for reading. A clone is the same one.
#[derive(Clone)]
pub struct Database {
    writer: Pool<Connection>,
    readers: Pool<Connection>,
}

impl Database {
    /// Opens the file, or makes it, for as many reads at once as there are `readers`.
    ///
    /// # Errors
    /// If the file cannot be opened.
    ///
    /// # Panics
    /// If `readers` is 0.
    pub fn open(file: &Path, readers: usize) -> Result<Self> {
        assert!(readers > 0, "without a reader, reads would wait forever");
        let writer = connect(file)?;
        writer.pragma_update(None, "journal_mode", "WAL")?; // the file remembers it

        let mut connections = Vec::new();
        for _ in 0..readers {
            let reader = connect(file)?;
            reader.pragma_update(None, "query_only", true)?;
            connections.push(reader);
        }
        Ok(Self {
            writer: Pool::from(vec![writer]),
            readers: Pool::from(connections),
        })
    }

    /// Runs `query` on a thread, with a connection that can only read.
    ///
    /// # Errors
    /// That of `query`.
    ///
    /// # Panics
    /// If `query` panics.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        run(&self.readers, query).await
    }

    /// Runs `query` on a thread, in a transaction. After an error or a panic, nothing of it is in
    /// the file.
    ///
    /// # Errors
    /// That of `query`, or of the transaction.
    ///
    /// # Panics
    /// If `query` panics.
    pub async fn write<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Transaction) -> Result<T> + Send + 'static,
    ) -> Result<T> {
        let in_transaction = |connection: &mut Connection| {
            let behavior = TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior)?;
            let answer = query(&transaction)?; // an error rolls back
            transaction.commit()?;
            Ok(answer)
        };
        run(&self.writer, in_transaction).await
    }
}

fn connect(file: &Path) -> Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// Takes a connection, or waits in line for one, and uses it on a thread that may block.
async fn run<T: Send + 'static>(
    pool: &Pool<Connection>,
    query: impl FnOnce(&mut Connection) -> Result<T> + Send + 'static,
) -> Result<T> {
    let connection = pool.get().await;
    let mut connection = connection.expect("the pool is never closed");
    let answer = spawn_blocking(move || query(&mut connection)).await;
    answer.unwrap_or_else(|error| resume_unwind(error.into_panic()))
}

// ---- Demo ----------------------------------------------------------------------------------

use futures::future::join_all;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let database = Database::open(&folder.path().join("demo.db"), 4)?;
    let setup = "CREATE TABLE account (balance); INSERT INTO account VALUES (60)";
    database.write(|tx| tx.execute_batch(setup)).await?;

    let mut paid = 0;
    let withdrawals = (0..100).map(|_| database.write(withdraw));
    for withdrawal in join_all(withdrawals).await {
        if withdrawal? {
            paid += 1;
        }
    }
    let balance = database.read(|connection| balance(connection)).await?;
    println!("100 withdrawals of 1 at once: {paid} paid, the balance is {balance}");
    Ok(())
}

/// Takes 1 from the account, if it has as much. Returns whether it had.
fn withdraw(transaction: &Transaction) -> Result<bool> {
    if balance(transaction)? == 0 {
        return Ok(false);
    }
    transaction.execute("UPDATE account SET balance = balance - 1", [])?;
    Ok(true)
}

fn balance(connection: &Connection) -> Result<i64> {
    let query = "SELECT balance FROM account";
    connection.query_row(query, [], |row| row.get(0))
}
