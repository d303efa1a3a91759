use std::panic::AssertUnwindSafe;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use futures::FutureExt;
use futures::future::join_all;
use rusqlite::{Connection, Error, ErrorCode, Result};
use tempfile::TempDir;
use tokio::sync::oneshot;
use tokio::time::sleep;

#[path = "../../src/bin/sqlite_threads.rs"]
#[allow(dead_code)]
mod program;
use program::Database;

const ADD: &str = "UPDATE counter SET n = n + 1";

/// A database with a counter, and its folder, which is removed when it is dropped.
async fn counter() -> (Database, TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let database = Database::open(&folder.path().join("test.db"), 2).unwrap();
    let setup = "CREATE TABLE counter (n); INSERT INTO counter VALUES (0)";
    let made = database.write(|tx| tx.execute_batch(setup)).await;
    made.unwrap();
    (database, folder)
}

/// Another connection to the file, which does not wait for locks.
fn other_process(folder: &TempDir) -> Connection {
    let connection = Connection::open(folder.path().join("test.db")).unwrap();
    connection.busy_timeout(Duration::ZERO).unwrap();
    connection
}

fn count(connection: &Connection) -> Result<i64> {
    connection.query_row("SELECT n FROM counter", [], |row| row.get(0))
}

fn code<T>(result: Result<T>) -> Option<ErrorCode> {
    let error = result.err()?;
    error.sqlite_error_code()
}

#[tokio::test]
async fn nobody_writes_between_the_read_and_the_write_of_a_transaction() {
    let (database, folder) = counter().await;
    let other = other_process(&folder);
    let busy = database.write(move |tx| {
        count(tx)?;
        let busy = code(other.execute(ADD, []));
        tx.execute(ADD, [])?;
        Ok(busy)
    });
    assert_eq!(busy.await.unwrap(), Some(ErrorCode::DatabaseBusy));
}

#[tokio::test]
async fn while_one_write_lasts_longer_than_the_busy_timeout_another_waits_and_reads_go_on() {
    let (database, _folder) = counter().await;
    let (open_gate, gate) = mpsc::channel::<()>();
    let (begun, has_begun) = oneshot::channel();
    let first = database.write(move |tx| {
        begun.send(()).unwrap();
        let _ = gate.recv(); // an error: the gate is open for good
        tx.execute(ADD, [])
    });
    let second = database.write(|tx| tx.execute(ADD, []));
    let reads = async {
        has_begun.await.unwrap();
        for _ in 0..10 {
            assert_eq!(database.read(|connection| count(connection)).await, Ok(0));
        }
        sleep(Duration::from_secs(6)).await; // SQLite itself would give up after 5
        drop(open_gate);
    };
    let (first, second, ()) = tokio::join!(first, second, reads);
    first.unwrap();
    second.unwrap();
    assert_eq!(database.read(|connection| count(connection)).await, Ok(2));
}

#[tokio::test]
async fn a_write_waits_for_the_one_of_another_process() {
    let (database, folder) = counter().await;
    let other = other_process(&folder);
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let commit = thread::spawn(move || {
        thread::sleep(Duration::from_millis(300));
        other.execute_batch("COMMIT")
    });
    database.write(|tx| tx.execute(ADD, [])).await.unwrap();
    commit.join().unwrap().unwrap();
}

async fn add_one(database: &Database) -> Result<usize> {
    let write = database.write(|tx| {
        let next = count(tx)? + 1;
        tx.execute("UPDATE counter SET n = $1", [next])
    });
    write.await
}

#[tokio::test]
async fn many_writers_of_two_processes_lose_nothing() {
    let (database, folder) = counter().await;
    let other = Database::open(&folder.path().join("test.db"), 1).unwrap();
    let mut writes = Vec::new();
    for _ in 0..50 {
        writes.push(add_one(&database));
        writes.push(add_one(&other));
    }
    for written in join_all(writes).await {
        written.unwrap();
    }
    assert_eq!(database.read(|connection| count(connection)).await, Ok(100));
}

#[tokio::test]
async fn after_an_error_or_a_panic_nothing_is_written_and_the_threads_go_on() {
    let (database, _folder) = counter().await;
    let failed = database.write(|tx| {
        tx.execute(ADD, [])?;
        Err::<(), _>(Error::InvalidQuery)
    });
    assert_eq!(failed.await, Err(Error::InvalidQuery));
    for _ in 0..3 {
        let panicked = database.write(|tx| -> Result<()> {
            tx.execute(ADD, [])?;
            panic!("in a write");
        });
        let panicked = AssertUnwindSafe(panicked).catch_unwind().await;
        assert!(panicked.is_err());
        let panicked = database.read(|_| -> Result<()> { panic!("in a read") });
        let panicked = AssertUnwindSafe(panicked).catch_unwind().await;
        assert!(panicked.is_err());
    }
    assert_eq!(database.read(|connection| count(connection)).await, Ok(0));
    database.write(|tx| tx.execute(ADD, [])).await.unwrap();
}

#[tokio::test]
async fn a_read_cannot_write() {
    let (database, _folder) = counter().await;
    let written = database.read(|connection| connection.execute(ADD, []));
    assert_eq!(code(written.await), Some(ErrorCode::ReadOnly));
}

#[tokio::test]
async fn a_call_that_is_dropped_before_it_starts_is_not_made() {
    let (database, _folder) = counter().await;
    let (open_gate, gate) = mpsc::channel::<()>();
    let started = database.write(move |tx| {
        let _ = gate.recv();
        tx.execute(ADD, [])
    });
    assert!(started.now_or_never().is_none());
    let waiting = database.write(|tx| tx.execute(ADD, []));
    assert!(waiting.now_or_never().is_none());
    drop(open_gate);

    let last = database.write(|tx| count(tx)).await.unwrap();
    assert!(
        last <= 1,
        "the first one may have started, the second one not"
    );
}
