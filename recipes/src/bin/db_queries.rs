//! Run database queries at once over a pool of connections, on SQLite or on PostgreSQL.
//!
//! Use it when a page, a report or an import asks a database many things. A connection answers one
//! query at a time, so there are as many at once as the pool has connections; a new one is opened
//! only while all others are in use. `query_all` answers in the order asked, each query with its
//! answer or its own error. SQLite's calls block: `on_sqlite` makes them on threads for that. A
//! connection that breaks fails its query, and is replaced for the next. Retry only reads, as
//! `fanout_retry` does: a write may have been done. A wait for a connection ends after 5 s. A
//! caller may give up half-way, by a drop or under `tokio::time::timeout`: SQLite interrupts a
//! statement that computes and commits nothing any more (a loop of short ones goes on to its
//! commit, unless they are `prepare_cached`, and a wait for another writer takes its 5 s); a
//! PostgreSQL connection is closed, and the server rolls back once it notices. A transaction
//! dropped by an early return or a panic is rolled back too. SQLite has one writer at a time: a
//! transaction begun as `Immediate` waits its turn, up to 5 s. No TLS here: `?sslmode=require` is
//! an error. `db_queries` asks a PostgreSQL server if it is told of one, and makes no table there.
//! To batch many small writes: `batch_writer`.
//!
//! Python: `asyncio.gather` over `pool.fetchval` of an `asyncpg.create_pool(min_size=0,
//! max_size=4)`, where the first error hides all answers; a `sqlite3` connection for each thread of
//! an executor.
//! Needs: `cargo add anyhow@1 deadpool-postgres@0.14 futures@0.3 tempfile@3`,
//! `cargo add clap@4 -F derive`, `cargo add deadpool@0.13 -F rt_tokio_1`,
//! `cargo add rusqlite@0.39 -F bundled,hooks`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/db_queries.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin db_queries -F database
//! 50 of 50 sums right; 4 connections
//!
//! $ cargo run -p recipes --bin db_queries -F database -- --queries 1000 --pool 16
//! 1000 of 1000 sums right; 16 connections
//!
//! $ DATABASE_URL=$DATABASE_URL cargo run -p recipes --bin db_queries -F database
//! 50 of 50 sums right; 4 connections
//!
//! $ cargo run -p recipes --bin db_queries -F database -- --url postgres://localhost:1/x
//! ? 2
//! error: postgres://localhost:1/x: Connection refused (os error [..])
//!
//! $ cargo run -p recipes --bin db_queries -F database -- --pool 0
//! ? 2
//! error: invalid value '0' for '--pool <N>': 0 is not in 1..=500
//! ```

use std::io::{Write, stderr, stdout};
use std::process::{ExitCode, exit};
use std::{collections::BTreeMap, env, path::PathBuf, sync::Arc, sync::Mutex, time::Duration};

use anyhow::{Context, Error, Result};
use clap::{Parser, value_parser};
use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Object, Pool, RecycleError, RecycleResult, Timeouts};
use deadpool_postgres::tokio_postgres::{Config, NoTls};
use deadpool_postgres::{ClientWrapper, Manager as Postgres};
use futures::{FutureExt, StreamExt, stream};
use rusqlite::Connection;
use tokio::{runtime::Handle, select, signal::ctrl_c, sync::Semaphore};
use tokio::{task::spawn_blocking, time::timeout};

/// Calls `ask` for each query, `at_once` at a time, and returns the answers in the order of the
/// queries. An error is an answer like any other: the rest is still asked. With `at_once` twice the
/// pool's size, a connection that comes free has its next query waiting. Dropped half-way, it drops
/// what it waits for. Panics if `at_once` is 0, or if `ask` does.
pub async fn query_all<Q, T, F: Future<Output = Result<T>>>(
    queries: impl IntoIterator<Item = Q>,
    at_once: usize,
    ask: impl Fn(Q) -> F,
) -> Vec<Result<T>> {
    assert!(at_once > 0, "0 at once would wait forever");
    let queries = queries.into_iter().enumerate();
    let asked = queries.map(|(place, query)| ask(query).map(move |answer| (place, answer)));
    // Not `buffered`, which keeps the order but lets connections idle behind a slow query.
    let answers: BTreeMap<_, _> = stream::iter(asked)
        .buffer_unordered(at_once)
        .collect()
        .await;
    answers.into_values().collect()
}

/// A pool of at most `size` connections, each opened when first needed. Who wants one waits in
/// turn, for 5 s at most, and as long again for it to open; then `get` errs. Panics if `size` is 0.
pub fn pool<M: Manager>(manager: M, size: usize) -> Pool<M> {
    assert!(size > 0, "a pool of 0 has nothing to give");
    let [wait, create, recycle] = [Some(Duration::from_secs(5)); 3];
    let pool = Pool::builder(manager).timeouts(Timeouts {
        wait,
        create,
        recycle,
    });
    let pool = pool.max_size(size).runtime(Runtime::Tokio1).build();
    pool.expect("timeouts want a runtime, and have one")
}

/// How to open an SQLite file: it is created if need be, and switched to WAL, where readers wait
/// for nobody. WAL wants a disk of this machine: on a network's a file may get damaged.
pub struct Sqlite(pub PathBuf);

impl Manager for Sqlite {
    type Type = Connection;
    type Error = rusqlite::Error;

    async fn create(&self) -> rusqlite::Result<Connection> {
        let path = self.0.clone();
        let open = move || {
            static IN_TURN: Mutex<()> = Mutex::new(()); // two that switch to WAL at once may fail
            let _turn = IN_TURN.lock().expect("nothing panics here");
            let connection = Connection::open(path)?;
            // So many milliseconds a writer waits for another one.
            connection.execute_batch("PRAGMA busy_timeout = 5000; PRAGMA journal_mode = WAL")?;
            Ok(connection)
        };
        spawn_blocking(open).await.expect("`open` does not panic")
    }

    async fn recycle(&self, idle: &mut Connection, _: &Metrics) -> RecycleResult<rusqlite::Error> {
        idle.progress_handler(0, None::<fn() -> bool>)?; // what `on_sqlite` has set
        idle.commit_hook(None::<fn() -> bool>)?;
        idle.is_autocommit()
            .then_some(())
            .ok_or(RecycleError::message("in a transaction"))
    }
}

/// Calls `work` with a connection of the pool, on a thread that may block: never more of them than
/// the pool has connections. Such a thread cannot be canceled, but its statements can: dropped
/// half-way, one that computes is interrupted, nothing is committed from a moment later on, and
/// only when `work` has returned does the next caller get the connection. A loop of short
/// statements goes on, unless they are `prepare_cached`. Errs if none comes free in time, with what
/// `work` returns, and if it panics.
pub async fn on_sqlite<T: Send + 'static>(
    pool: &Pool<Sqlite>,
    work: impl FnOnce(&mut Connection) -> rusqlite::Result<T> + Send + 'static,
) -> Result<T> {
    let mut connection = pool.get().await?;
    let caller = Arc::new(()); // gone as soon as this future is
    let [running, committing] = [(); 2].map(|()| Arc::downgrade(&caller));
    let work = move || {
        // Every 1000 steps of SQLite's virtual machine, which is well below a millisecond.
        connection.progress_handler(1000, Some(move || running.strong_count() == 0))?;
        connection.commit_hook(Some(move || committing.strong_count() == 0))?;
        work(&mut connection)
    };
    Ok(spawn_blocking(work).await??)
}

/// Calls `work` with a connection of the pool. The connection goes back only after `Ok`. After an
/// error, a panic, or dropped half-way it is closed: it may be broken, or its answer still to come.
/// An error to be expected is better a value. Errs if none comes free or opens in time, and with
/// what `work` returns.
pub async fn on_postgres<T>(
    pool: &Pool<Postgres>,
    work: impl AsyncFnOnce(&mut ClientWrapper) -> Result<T>,
) -> Result<T> {
    struct InUse(Option<Object<Postgres>>);
    impl Drop for InUse {
        fn drop(&mut self) {
            drop(self.0.take().map(Object::take));
        }
    }
    let mut in_use = InUse(Some(pool.get().await?));
    let answer = work(in_use.0.as_mut().expect("there until the answer")).await?;
    drop(in_use.0.take()); // back to the pool
    Ok(answer)
}

/// Asks a database for many sums at once.
#[derive(Parser)]
struct Args {
    /// How many sums
    #[arg(long, value_name = "N", default_value_t = 50, value_parser = value_parser!(u32).range(1..))]
    queries: u32,
    /// How many connections at most
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=500))]
    pool: u16,
    /// postgres://USER:PASSWORD@HOST/DATABASE [default: $DATABASE_URL, or an SQLite file]
    #[arg(long)]
    url: Option<String>,
}

/// Counts a hundred on from $1. Both databases know it, and it wants no table of yours.
const SUM: &str = "WITH RECURSIVE count(n) AS (SELECT CAST($1 AS BIGINT) UNION ALL \
    SELECT n + 1 FROM count WHERE n < $1 + 99) SELECT CAST(sum(n) AS BIGINT) FROM count";

#[tokio::main]
async fn main() -> ExitCode {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.use_stderr() {
        true => {
            report(wrong.to_string()); // without the usage
            exit(2)
        }
        false => wrong.exit(), // --help
    });
    let done = select! { done = run(args) => done, _ = ctrl_c() => Ok(ExitCode::FAILURE) };
    done.unwrap_or_else(|error| report(format!("error: {error}: {}", error.root_cause())))
}

/// Says it on stderr, in one line: a server's details are more. Returns what to exit with.
fn report(text: String) -> ExitCode {
    let _ = writeln!(stderr(), "{}", text.lines().next().unwrap_or_default());
    ExitCode::from(2)
}

async fn run(
    Args {
        queries,
        pool: size,
        url,
    }: Args,
) -> Result<ExitCode> {
    let (numbers, goal, size) = (1..=queries.into(), queries.min(size.into()), size.into());
    let url = url.or_else(|| env::var("DATABASE_URL").ok());
    let (answers, open) = if let Some(url) = url {
        let place = url
            .split_once('@')
            .or(url.split_once("://"))
            .map_or("", |(_, place)| place);
        let place = place
            .split('?')
            .next()
            .and_then(|place| place.rsplit('@').next());
        let name = format!("postgres://{}", place.unwrap_or_default());
        let config: Config = url
            .parse()
            .ok()
            .context("not postgres://...")
            .context("the URL")?;
        let pool = &pool(Postgres::new(config, NoTls), size);
        drop(pool.get().await.context(name)?);
        let ask = |number: i64| {
            on_postgres(pool, async move |client| {
                hold(goal).await;
                let sql = client.prepare_cached(SUM).await?;
                Ok(client.query_one(&sql, &[&number]).await?.try_get(0)?)
            })
        };
        (query_all(numbers, 2 * size, ask).await, pool.status().size)
    } else {
        let folder = tempfile::tempdir().context("a temporary folder")?;
        let pool = &pool(Sqlite(folder.path().join("demo.db")), size);
        let ask = |number: i64| {
            on_sqlite(pool, move |connection| {
                Handle::current().block_on(hold(goal));
                connection
                    .prepare_cached(SUM)?
                    .query_row([number], |row| row.get(0))
            })
        };
        (query_all(numbers, 2 * size, ask).await, pool.status().size)
    };
    let mut right = 0;
    for (number, answer) in (1_i64..).zip(answers) {
        let failed = |why: Error| report(format!("query {number}: {}", why.root_cause()));
        right += u32::from(answer.map_err(failed) == Ok(100 * number + 4950));
    }
    let said = writeln!(
        stdout(),
        "{right} of {queries} sums right; {open} connections"
    )
    .is_ok();
    Ok(ExitCode::from(u8::from(
        (said, right, open) != (true, queries, goal as usize),
    )))
}

/// Waits until `goal` connections are held, or for 2 s.
async fn hold(goal: u32) {
    static HELD: Semaphore = Semaphore::const_new(0);
    HELD.add_permits(1);
    let _ = timeout(Duration::from_secs(2), HELD.acquire_many(goal)).await;
}
