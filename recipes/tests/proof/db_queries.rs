//! The functions of `db_queries` where their callers are canceled, panic or wait, and where
//! connections break. What wants PostgreSQL is left out unless `DATABASE_URL` says where one is,
//! by a user who may end its own sessions; with `CHECK_SERVICES=1` it is not left out.

#![cfg(feature = "database")]

use std::env;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::{Arc, mpsc};
use std::time::Duration;

use anyhow::{Result, anyhow, ensure};
use deadpool::managed::{PoolError, TimeoutType};
use deadpool_postgres::Manager as Postgres;
use deadpool_postgres::tokio_postgres::{Config, NoTls};
use futures::future::join_all;
use rusqlite::TransactionBehavior::Immediate;
use tempfile::TempDir;
use tokio::sync::{Barrier, Semaphore};
use tokio::time::{sleep, timeout};

#[allow(dead_code)]
#[path = "../../src/bin/db_queries.rs"]
mod program;
use program::{Sqlite, on_postgres, on_sqlite, pool, query_all};

type Pool<M> = deadpool::managed::Pool<M>;

const GIVE_UP: Duration = Duration::from_secs(60);

// `query_all`, whatever it asks.

#[tokio::test(start_paused = true)]
async fn answers_come_in_order_each_with_its_own_error_and_no_slow_one_leaves_a_place_idle() {
    const SEATS: usize = 1000;
    let (seats, most) = (Semaphore::new(SEATS), AtomicUsize::new(0));
    let ask = async |n: u64| {
        let _seat = seats.acquire().await?;
        most.fetch_max(SEATS - seats.available_permits(), SeqCst);
        sleep(Duration::from_secs(if n == 0 { 100 } else { 1 })).await;
        ensure!(n % 10 != 3, "no {n}");
        Ok(n)
    };
    let start = tokio::time::Instant::now();
    // Places: one for the slow query of 100 s, three for the 300 others.
    let answers = query_all(0..301, 4, &ask).await;
    assert_eq!(start.elapsed().as_secs(), 100);
    assert_eq!(most.into_inner(), 4);
    assert_eq!(answers.len(), 301);
    for (n, answer) in (0..).zip(answers) {
        match answer {
            Ok(same) => assert!(same == n && n % 10 != 3),
            Err(error) => assert!(n % 10 == 3 && error.to_string() == format!("no {n}")),
        }
    }
}

#[tokio::test]
async fn nothing_to_ask_and_nothing_at_once() {
    assert!(query_all([], 4, async |n: u8| Ok(n)).await.is_empty());
    let refused = tokio::spawn(query_all([1], 0, async |n: u8| Ok(n))).await;
    assert!(refused.is_err_and(|error| error.is_panic()));
}

// SQLite.

fn sqlite(size: usize) -> (TempDir, Pool<Sqlite>) {
    let folder = tempfile::tempdir().unwrap();
    let pool = pool(Sqlite(folder.path().join("test.db")), size);
    (folder, pool)
}

async fn until(condition: impl Fn() -> bool) {
    let met = async {
        while !condition() {
            sleep(Duration::from_millis(1)).await;
        }
    };
    timeout(GIVE_UP, met).await.expect("met in time");
}

async fn run(pool: &Pool<Sqlite>, sql: &'static str) -> Result<()> {
    on_sqlite(pool, move |connection| connection.execute_batch(sql)).await
}

async fn number(pool: &Pool<Sqlite>, sql: &'static str) -> Result<i64> {
    on_sqlite(pool, move |connection| {
        connection.query_row(sql, [], |row| row.get(0))
    })
    .await
}

/// Far more work than fits into the limit of the pool.
const LONG: &str = "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE \
                    n < 30000000) SELECT count(*) FROM count";

#[tokio::test] // one thread: if a call blocked it, nothing would be sent
async fn a_call_blocks_no_thread_of_the_runtime() {
    let (_folder, pool) = sqlite(2);
    let (sender, receiver) = mpsc::channel();
    let blocked = on_sqlite(&pool, move |_| Ok(receiver.recv_timeout(GIVE_UP)));
    let send = async {
        number(&pool, "SELECT 1").await.unwrap();
        sender.send("sent").unwrap();
    };
    assert_eq!(tokio::join!(blocked, send).0.unwrap(), Ok("sent"));
}

#[tokio::test]
async fn no_more_calls_at_once_than_connections_even_when_their_callers_are_gone() {
    let (_folder, pool) = sqlite(3);
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (go, wait) = mpsc::channel::<()>();
    let wait = Arc::new(std::sync::Mutex::new(wait));
    let calls = (0..30).map(|_| {
        let (running, most, wait) = (running.clone(), most.clone(), wait.clone());
        on_sqlite(&pool, move |_| {
            most.fetch_max(running.fetch_add(1, SeqCst) + 1, SeqCst);
            let _ = wait.lock().unwrap().recv_timeout(GIVE_UP); // until `go` is gone
            running.fetch_sub(1, SeqCst);
            Ok(())
        })
    });
    tokio::select! {
        _ = join_all(calls) => unreachable!("all wait"),
        () = until(|| running.load(SeqCst) == 3) => {}
    }
    assert_eq!((running.load(SeqCst), pool.status().size), (3, 3));
    assert!(
        timeout(Duration::from_millis(50), number(&pool, "SELECT 1"))
            .await
            .is_err()
    );
    drop(go);
    assert_eq!(number(&pool, "SELECT 1").await.unwrap(), 1);
    assert_eq!((most.load(SeqCst), pool.status().size), (3, 3));
}

#[tokio::test(start_paused = true)]
async fn waiting_for_a_connection_has_an_end() {
    let (_folder, pool) = sqlite(1);
    let _held = pool.get().await.unwrap();
    let waiting = timeout(GIVE_UP, number(&pool, "SELECT 1"));
    let error = waiting.await.expect("a limit of its own").unwrap_err();
    let error = error.downcast::<PoolError<rusqlite::Error>>().unwrap();
    assert!(
        matches!(error, PoolError::Timeout(TimeoutType::Wait)),
        "{error}"
    );
}

#[tokio::test]
async fn a_long_query_ends_with_its_caller_and_its_connection_is_used_again() {
    let (_folder, pool) = sqlite(1);
    assert_eq!(number(&pool, "SELECT 7").await.unwrap(), 7);
    for _ in 0..5 {
        let long = number(&pool, LONG);
        assert!(timeout(Duration::from_millis(20), long).await.is_err());
        assert_eq!(number(&pool, "SELECT 7").await.unwrap(), 7);
    }
    // Nor does it end the next query of somebody who uses the connection as it is.
    let direct = pool.get().await.unwrap();
    let sql = "WITH RECURSIVE count(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM count WHERE \
               n < 1000000) SELECT count(*) FROM count";
    assert_eq!(direct.query_row(sql, [], |row| row.get(0)), Ok(1_000_000));
    direct.execute_batch("CREATE TABLE direct (n)").unwrap();
    assert_eq!(
        deadpool::managed::Object::metrics(&direct).recycle_count,
        11
    );
}

#[tokio::test]
async fn nothing_is_committed_after_the_caller_is_gone() {
    let (_folder, pool) = sqlite(1);
    run(&pool, "CREATE TABLE t (n)").await.unwrap();
    for explicit in [true, false] {
        let (sender, receiver) = mpsc::channel::<()>();
        let (begun, has_begun) = tokio::sync::oneshot::channel();
        let write = on_sqlite(&pool, move |connection| {
            let _ = begun.send(());
            if !explicit {
                let _ = receiver.recv_timeout(GIVE_UP);
                return connection.execute_batch("INSERT INTO t VALUES (1)");
            }
            let transaction = connection.transaction_with_behavior(Immediate)?;
            transaction.execute_batch("INSERT INTO t VALUES (1)")?;
            let _ = receiver.recv_timeout(GIVE_UP);
            transaction.commit()
        });
        tokio::select! {
            _ = write => unreachable!(),
            begun = has_begun => begun.unwrap(),
        }
        drop(sender);
        assert_eq!(number(&pool, "SELECT count(*) FROM t").await.unwrap(), 0);
    }
    run(&pool, "INSERT INTO t VALUES (1)").await.unwrap();
    assert_eq!(number(&pool, "SELECT count(*) FROM t").await.unwrap(), 1);
}

#[tokio::test]
async fn a_panic_is_an_error_and_rolls_back() {
    let (_folder, pool) = sqlite(1);
    run(&pool, "CREATE TABLE t (n)").await.unwrap();
    let bug = on_sqlite(&pool, |connection| -> rusqlite::Result<()> {
        let transaction = connection.transaction_with_behavior(Immediate)?;
        transaction.execute_batch("INSERT INTO t VALUES (1)")?;
        panic!("a bug in the middle");
    });
    assert!(
        bug.await
            .unwrap_err()
            .to_string()
            .contains("a bug in the middle")
    );
    assert_eq!(number(&pool, "SELECT count(*) FROM t").await.unwrap(), 0);
    run(&pool, "INSERT INTO t VALUES (1)").await.unwrap();
}

#[tokio::test]
async fn a_transaction_that_was_left_open_is_not_handed_on() {
    let (_folder, pool) = sqlite(1);
    run(&pool, "CREATE TABLE t (n)").await.unwrap();
    run(&pool, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    assert_eq!(number(&pool, "SELECT count(*) FROM t").await.unwrap(), 0);
    run(&pool, "BEGIN IMMEDIATE; INSERT INTO t VALUES (1); COMMIT")
        .await
        .unwrap();
    assert_eq!(number(&pool, "SELECT count(*) FROM t").await.unwrap(), 1);
}

#[tokio::test]
async fn readers_and_a_writer_do_not_wait_for_each_other() {
    let (_folder, pool) = sqlite(4);
    run(&pool, "CREATE TABLE t (n); INSERT INTO t VALUES (1)")
        .await
        .unwrap();
    let (sender, receiver) = mpsc::channel::<()>();
    let (begun, has_begun) = tokio::sync::oneshot::channel();
    let write = on_sqlite(&pool, move |connection| {
        let transaction = connection.transaction_with_behavior(Immediate)?;
        transaction.execute_batch("INSERT INTO t VALUES (2), (3)")?;
        let _ = begun.send(());
        let _ = receiver.recv_timeout(GIVE_UP);
        transaction.commit()
    });
    let (reading, is_reading) = tokio::sync::oneshot::channel();
    let (written, is_written) = mpsc::channel::<()>();
    let long_read = on_sqlite(&pool, move |connection| {
        let sum = "SELECT sum(n) FROM t";
        let transaction = connection.transaction()?;
        let before: i64 = transaction.query_row(sum, [], |row| row.get(0))?;
        let _ = reading.send(());
        let _ = is_written.recv_timeout(GIVE_UP); // it does not hold up the writer either
        Ok((
            before,
            transaction.query_row(sum, [], |row| row.get::<_, i64>(0))?,
        ))
    });
    let read = async {
        has_begun.await.unwrap();
        is_reading.await.unwrap();
        let sums = query_all(0..50, 2, |_| number(&pool, "SELECT sum(n) FROM t")).await;
        drop(sender);
        sums.into_iter().map(Result::unwrap).collect::<Vec<_>>()
    };
    let write = async {
        write.await.unwrap();
        drop(written);
    };
    let (long, (), sums) = tokio::join!(long_read, write, read);
    assert_eq!(long.unwrap(), (1, 1));
    assert_eq!(sums, [1; 50]);
    assert_eq!(number(&pool, "SELECT sum(n) FROM t").await.unwrap(), 6);
}

#[tokio::test(flavor = "multi_thread")]
async fn writers_queue_and_lose_nothing() {
    let (_folder, pool) = sqlite(8);
    run(&pool, "CREATE TABLE t (n); INSERT INTO t VALUES (0)")
        .await
        .unwrap();
    let add = async |_| {
        on_sqlite(&pool, |connection| {
            let transaction = connection.transaction_with_behavior(Immediate)?;
            let n: i64 = transaction.query_row("SELECT n FROM t", [], |row| row.get(0))?;
            transaction.execute("UPDATE t SET n = ?1", [n + 1])?;
            transaction.commit()
        })
        .await
    };
    for added in query_all(0..200, 8, add).await {
        added.unwrap();
    }
    assert_eq!(number(&pool, "SELECT n FROM t").await.unwrap(), 200);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_new_file_is_opened_by_many_at_once() {
    for _ in 0..40 {
        let (_folder, pool) = sqlite(16);
        let all = Barrier::new(16);
        let opened = join_all((0..16).map(async |_| {
            let connection = pool.get().await;
            let _ = timeout(GIVE_UP, all.wait()).await;
            connection.map(drop)
        }));
        for opened in opened.await {
            opened.unwrap();
        }
        assert_eq!(pool.status().size, 16);
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_opened_is_the_error_of_whoever_asks() {
    let pool = pool(Sqlite("/no/such/folder/test.db".into()), 1);
    for _ in 0..3 {
        let error = number(&pool, "SELECT 1").await.unwrap_err();
        assert!(
            format!("{error:#}").contains("unable to open database file"),
            "{error:#}"
        );
    }
}

// PostgreSQL.

/// The server's pool of `size` connections whose sessions are called `name`.
fn postgres(name: &str, size: usize) -> Option<Pool<Postgres>> {
    let Ok(url) = env::var("DATABASE_URL") else {
        assert_ne!(
            env::var("CHECK_SERVICES").as_deref(),
            Ok("1"),
            "no DATABASE_URL"
        );
        eprintln!("left out: no DATABASE_URL");
        return None;
    };
    let mut config: Config = url.parse().unwrap();
    config
        .application_name(name)
        .options("-c client_connection_check_interval=100ms");
    Some(pool(Postgres::new(config, NoTls), size))
}

async fn value(pool: &Pool<Postgres>, sql: &str) -> Result<i64> {
    on_postgres(pool, async |client| {
        Ok(client.query_one(sql, &[]).await?.try_get(0)?)
    })
    .await
}

#[tokio::test]
async fn the_server_sees_no_more_connections_than_the_pool_has() {
    let Some(pool) = postgres("db_queries count", 4) else {
        return;
    };
    let all = Barrier::new(4);
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'db_queries count'";
    let ask = async |_| {
        on_postgres(&pool, async |client| {
            let _ = timeout(Duration::from_secs(2), all.wait()).await;
            Ok(client.query_one(sql, &[]).await?.try_get::<_, i64>(0)?)
        })
        .await
    };
    let counts = query_all(0..40, 20, ask).await; // more than the pool has
    assert!(counts.into_iter().all(|count| count.unwrap() == 4));
}

#[tokio::test]
async fn a_dropped_query_ends_on_the_server_and_the_next_one_does_not_wait_for_it() {
    let Some(pool) = postgres("db_queries drop", 1) else {
        return;
    };
    let endless = value(&pool, "SELECT 1::bigint FROM pg_sleep(40)");
    assert!(timeout(Duration::from_millis(300), endless).await.is_err());
    let next = timeout(Duration::from_secs(30), value(&pool, "SELECT 7::bigint"));
    assert_eq!(next.await.unwrap().unwrap(), 7);
    let sql = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'db_queries drop'";
    let ended = async {
        while value(&pool, sql).await.unwrap() > 1 {
            sleep(Duration::from_millis(10)).await;
        }
    };
    timeout(GIVE_UP, ended).await.expect("its session ends");
}

#[tokio::test]
async fn a_dropped_transaction_rolls_back_and_so_does_one_after_an_error_or_a_panic() {
    let Some(pool) = postgres("db_queries rollback", 1) else {
        return;
    };
    let table = format!("db_queries_test_{}", std::process::id());
    let create = format!("CREATE TABLE {table} (n BIGINT)");
    on_postgres(&pool, async |client| {
        Ok(client.batch_execute(&create).await?)
    })
    .await
    .unwrap();
    let insert = format!("INSERT INTO {table} VALUES (1)");
    let count = format!("SELECT count(*) FROM {table}");
    let pool = &pool;
    for end in ["drop", "error", "panic"] {
        let (insert, pool_too) = (insert.clone(), pool.clone());
        let write = tokio::spawn(async move {
            on_postgres(&pool_too, async |client| {
                let transaction = client.transaction().await?;
                transaction.batch_execute(&insert).await?;
                match end {
                    "drop" => transaction.batch_execute("SELECT pg_sleep(40)").await?,
                    "error" => return Err(anyhow!("an error")),
                    _ => panic!("a bug in the middle"),
                }
                Ok(transaction.commit().await?)
            })
            .await
        });
        if end == "drop" {
            sleep(Duration::from_millis(300)).await;
            write.abort();
        }
        assert_eq!(write.await.is_err(), end != "error");
        assert_eq!(value(pool, &count).await.unwrap(), 0, "{end}");
    }
    let drop_it = format!("DROP TABLE {table}");
    on_postgres(pool, async |client| {
        Ok(client.batch_execute(&drop_it).await?)
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn sessions_that_end_in_the_middle_are_the_error_of_their_queries_and_of_no_other() {
    let Some(pool) = postgres("db_queries end", 4) else {
        return;
    };
    let all = Barrier::new(4);
    let ask = async |n: i64| {
        let killed = n % 10 == 0;
        on_postgres(&pool, async |client| {
            if n < 4 {
                let _ = timeout(GIVE_UP, all.wait()).await;
            }
            if killed {
                let _ = client
                    .query("SELECT pg_terminate_backend(pg_backend_pid())", &[])
                    .await?;
            }
            Ok(client
                .query_one("SELECT $1::bigint", &[&n])
                .await?
                .try_get::<_, i64>(0)?)
        })
        .await
    };
    for (n, answer) in (0..).zip(query_all(0..100, 4, ask).await) {
        match answer {
            Ok(same) => assert!(same == n && n % 10 != 0),
            Err(error) => {
                let cause = error.root_cause().to_string();
                assert!(
                    n % 10 == 0 && cause.contains("terminating connection"),
                    "{n}: {cause}"
                );
            }
        }
    }
    assert!(pool.status().size <= 4);
}
