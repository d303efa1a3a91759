//! Use SQLite from async code: rusqlite's blocking calls on threads with a connection each.
//!
//! Use it when one SQLite file serves many tasks. SQLite allows many readers at once and one writer,
//! so one thread does all the writing, and `readers` threads do the reading. A call that waits for
//! the disk or for its turn holds up no other task. With WAL, readers and the writer do not wait for
//! each other.
//!
//! - "database is locked" (`SQLITE_BUSY`): a transaction that reads first and writes later gets it
//!   at once when another one has written meanwhile. `BEGIN IMMEDIATE` takes the lock for writing
//!   first, and waits for it.
//! - A pool whose connections all write gets it too, in spite of a `busy_timeout`: SQLite has no
//!   queue for the lock, and under load one of them never gets it. Here the writers queue.
//! - Other processes may use the file. A write waits for theirs, for at most 5 s. Two that open a new
//!   file at the same moment may get the error from `open`; then open it again.
//! - A call that is dropped before it starts is not made. One that has started goes on to its end.
//! - The crates `deadpool-sqlite` and `tokio-rusqlite` run rusqlite in async code, and `sqlx` has an
//!   SQLite of its own, as in `db_queries`. Many small writes: `batch_writer`.
//!
//! Python: `sqlite3` with `check_same_thread=False` in a `ThreadPoolExecutor`, or `aiosqlite`
//! Needs: `cargo add anyhow@1`, `cargo add rusqlite@0.39 -F bundled`, `cargo add tokio@1 -F sync`
//! Demo needs: `cargo add futures@0.3 tempfile@3`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/sqlite_threads.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin sqlite_threads -F database
//! 100 tasks withdrew 1, and the balance of 60 went down to 0
//! 60 were paid, 40 were refused
//! ```

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use rusqlite::{Connection, Transaction, TransactionBehavior};
use tokio::sync::{mpsc, oneshot};

/// An SQLite file, and the threads that work on it. Dropping it ends them, after the calls that
/// have started.
pub struct Database {
    writes: mpsc::Sender<Job>,
    reads: mpsc::Sender<Job>,
}

type Job = Box<dyn FnOnce(&mut Connection) + Send>;

impl Database {
    /// Opens the file, or makes it, and starts a thread that writes and `readers` that read.
    ///
    /// # Errors
    /// If the file cannot be opened, or the system has no more threads to give.
    ///
    /// # Panics
    /// If `readers` is 0.
    pub fn open(file: &Path, readers: usize) -> anyhow::Result<Self> {
        assert!(readers > 0, "without a reader, reads would wait forever");
        let writer = connect(file)?;
        writer.pragma_update(None, "journal_mode", "WAL")?; // the file remembers it
        let writes = start(vec![writer])?;

        let mut connections = Vec::new();
        for _ in 0..readers {
            let reader = connect(file)?;
            reader.pragma_update(None, "query_only", true)?;
            connections.push(reader);
        }
        let reads = start(connections)?;
        Ok(Self { writes, reads })
    }

    /// Runs `query` on a connection that can only read.
    ///
    /// # Errors
    /// That of `query`.
    ///
    /// # Panics
    /// If `query` panics.
    pub async fn read<T: Send + 'static>(
        &self,
        query: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        call(&self.reads, query).await
    }

    /// Runs `query` in a transaction: after an error or a panic, nothing of it is in the file.
    ///
    /// # Errors
    /// That of `query`, or of the transaction.
    ///
    /// # Panics
    /// If `query` panics.
    pub async fn write<T: Send + 'static>(
        &self,
        query: impl FnOnce(&Transaction) -> rusqlite::Result<T> + Send + 'static,
    ) -> rusqlite::Result<T> {
        let in_transaction = |connection: &mut Connection| {
            let behavior = TransactionBehavior::Immediate;
            let transaction = connection.transaction_with_behavior(behavior)?;
            let result = query(&transaction)?; // an error: dropping it rolls back
            transaction.commit()?;
            Ok(result)
        };
        call(&self.writes, in_transaction).await
    }
}

fn connect(file: &Path) -> rusqlite::Result<Connection> {
    let connection = Connection::open(file)?;
    connection.busy_timeout(Duration::from_secs(5))?;
    Ok(connection)
}

/// Starts a thread for each connection, and returns the queue that they share.
fn start(connections: Vec<Connection>) -> anyhow::Result<mpsc::Sender<Job>> {
    let (sender, queue) = mpsc::channel(100);
    let queue = Arc::new(Mutex::new(queue));
    for connection in connections {
        let queue = queue.clone();
        thread::Builder::new().spawn(move || work(connection, &queue))?;
    }
    Ok(sender)
}

fn work(mut connection: Connection, queue: &Mutex<mpsc::Receiver<Job>>) {
    loop {
        let next = queue.lock().unwrap().blocking_recv(); // unlocked again before the job
        match next {
            Some(job) => job(&mut connection),
            None => return,
        }
    }
}

async fn call<T: Send + 'static>(
    queue: &mpsc::Sender<Job>,
    query: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> rusqlite::Result<T> {
    let (answer, answered) = oneshot::channel();
    let job = Box::new(move |connection: &mut Connection| {
        if answer.is_closed() {
            return; // nobody waits for it any more
        }
        let result = catch_unwind(AssertUnwindSafe(|| query(connection)));
        let _ = answer.send(result); // an error: nobody waits for it any more
    });
    let sent = queue.send(job).await;
    sent.expect("the threads run as long as the database");
    match answered.await.expect("every job answers") {
        Ok(result) => result,
        Err(panic) => resume_unwind(panic),
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use futures::future::join_all;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let database = Database::open(&folder.path().join("demo.db"), 4)?;
    let setup = "CREATE TABLE account (balance); INSERT INTO account VALUES (60)";
    database.write(|tx| tx.execute_batch(setup)).await?;

    let withdrawals = (0..100).map(|_| database.write(withdraw));
    let mut paid = 0;
    for withdrawal in join_all(withdrawals).await {
        if withdrawal? {
            paid += 1;
        }
    }
    let balance = database.read(|connection| balance(connection)).await?;
    println!("100 tasks withdrew 1, and the balance of 60 went down to {balance}");
    println!("{paid} were paid, {} were refused", 100 - paid);
    Ok(())
}

/// Takes 1 from the account if there is something left. Returns whether there was.
fn withdraw(transaction: &Transaction) -> rusqlite::Result<bool> {
    let left = balance(transaction)? > 0;
    if left {
        transaction.execute("UPDATE account SET balance = balance - 1", [])?;
    }
    Ok(left)
}

fn balance(connection: &Connection) -> rusqlite::Result<i64> {
    let query = "SELECT balance FROM account";
    connection.query_row(query, [], |row| row.get(0))
}
