//! Share a few connections among many users: opened when needed, returned by drop, never mixed up.
//!
//! Use it for whatever is costly to open and serves one user at a time. A semaphore counts the
//! places, so there are never more than that; waiting for one is in turn, and has a time limit.
//! Dropping the guard gives the connection back, after an error, a panic or a canceled task too.
//! But such a user may leave an answer unread, which the next one would take for its own. So the
//! connection marks itself in use before it asks, and unmarks itself after the answer; when it is
//! taken again, `is_good` sees the mark, or that the other side hung up, and it is replaced.
//! One that hangs while it is looked at costs its caller the time limit, and is closed.
//! A pool made for your database has more: `db_queries`. Only a limit, no reuse: `semaphore_limit`.
//!
//! Python: `asyncpg.create_pool(min_size=0, max_size=4)`, `pool.acquire(timeout=2)`. A
//! `queue.Queue` of sessions loses one at each exception between `get` and `put`, unless there is a
//! `finally`.
//! Needs: `cargo add anyhow@1 futures@0.3`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin resource_pool
//! 100 uses: opened 4; 100 answers are right
//!
//! thread 'tokio-rt-worker' ([..]) panicked at recipes/src/bin/resource_pool.rs:[..]
//! a bug in the middle of a use
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! after a panic: opened 4; 4 at once are right; no resource within 50ms
//! after a use canceled before its answer: opened 5; 4 at once are right; no resource within 50ms
//! after a connection that died idle: opened 6; 4 at once are right; no resource within 50ms
//!
//! $ cargo run -p recipes --bin resource_pool -- --size 0
//! ? 2
//! error: invalid value '0' for '--size <N>': 0 is not in 1..=100
//! ```

use std::io::{self, Write, stdout};
use std::net::{SocketAddr, TcpListener};
use std::ops::{Deref, DerefMut};
use std::process::{ExitCode, exit};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::{mem::replace, thread, time::Duration};

use anyhow::{Context, Result, ensure};
use clap::{Parser, value_parser};
use futures::future::try_join_all;
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::sync::{Barrier, OwnedSemaphorePermit, Semaphore};
use tokio::{net::TcpStream, time::error::Elapsed, time::timeout};

/// How to open a resource, and how to see whether it may be used again.
pub trait Manage: Send + Sync {
    type Resource: Send;
    /// Opens one. An error goes to the caller of `get`.
    fn open(&self) -> impl Future<Output = Result<Self::Resource>> + Send;
    /// Asked before an idle one is used again. A round trip is sure, a look at a flag is free.
    fn is_good(&self, idle: &mut Self::Resource) -> impl Future<Output = bool> + Send;
}

/// At most so many resources, opened when needed.
pub struct Pool<M: Manage> {
    /// As given to `new`: what it counts can be read here.
    pub manage: M,
    idle: Mutex<Vec<M::Resource>>, // never locked across an await, nor where anything can panic
    places: Arc<Semaphore>,
}

/// A resource on loan. Dropping it gives it back.
pub struct Pooled<M: Manage> {
    pool: Arc<Pool<M>>,
    resource: Option<M::Resource>, // `None` only within `drop`
    _place: OwnedSemaphorePermit,  // released after `drop` below: who gets it finds the resource
}

impl<M: Manage> Pool<M> {
    /// A pool of at most `size` resources. Nothing is opened yet. Panics if `size` is
    /// 0, or more than `Semaphore::MAX_PERMITS`.
    pub fn new(manage: M, size: usize) -> Arc<Self> {
        assert!(size > 0, "a pool of 0 would wait forever");
        Arc::new(Self {
            manage,
            idle: Mutex::default(),
            places: Arc::new(Semaphore::new(size)),
        })
    }

    /// Takes the resource that was given back last and is good, or opens one; the others are
    /// closed. Callers wait in turn. Errs with that of `open`, or with tokio's `Elapsed` if all of
    /// that takes longer than `patience`. Dropped half-way, it leaves the place to the next.
    pub async fn get(self: &Arc<Self>, patience: Duration) -> Result<Pooled<M>> {
        let got = timeout(patience, async {
            let place = self.places.clone().acquire_owned().await?;
            let idle = || self.idle.lock().unwrap().pop(); // `while let` would keep it locked
            while let Some(mut resource) = idle() {
                if self.manage.is_good(&mut resource).await {
                    return Ok((resource, place));
                }
            }
            anyhow::Ok((self.manage.open().await?, place))
        });
        let late = || format!("no resource within {patience:?}");
        let (resource, place) = got.await.with_context(late)??;
        Ok(Pooled {
            pool: self.clone(),
            resource: Some(resource),
            _place: place,
        })
    }
}

impl<M: Manage> Drop for Pooled<M> {
    fn drop(&mut self) {
        self.pool.idle.lock().unwrap().extend(self.resource.take());
    }
}

impl<M: Manage> Deref for Pooled<M> {
    type Target = M::Resource;
    fn deref(&self) -> &M::Resource {
        self.resource.as_ref().expect("there until `drop`")
    }
}

impl<M: Manage> DerefMut for Pooled<M> {
    fn deref_mut(&mut self) -> &mut M::Resource {
        self.resource.as_mut().expect("there until `drop`")
    }
}

/// Asks a demo server, which answers each line with itself, over a pool of connections.
#[derive(Parser)]
struct Args {
    /// How many connections at most; each is used 25 times
    #[arg(long, value_name = "N", default_value_t = 4, value_parser = value_parser!(u16).range(1..=100))]
    size: u16,
}

struct Server(SocketAddr, AtomicUsize);

impl Manage for Server {
    type Resource = Connection;
    async fn open(&self) -> Result<Connection> {
        self.1.fetch_add(1, Relaxed); // a count: it orders nothing
        Ok(Connection {
            stream: BufReader::new(TcpStream::connect(self.0).await?),
            in_use: false,
        })
    }
    async fn is_good(&self, idle: &mut Connection) -> bool {
        idle.ask("ping\n").await.is_ok()
    }
}

struct Connection {
    stream: BufReader<TcpStream>,
    in_use: bool,
}

impl Connection {
    /// Sends a line and returns whether the same line came back.
    async fn ask(&mut self, line: &str) -> Result<bool> {
        ensure!(
            !replace(&mut self.in_use, true),
            "an answer is still to come"
        );
        self.stream.write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        ensure!(
            self.stream.read_line(&mut answer).await? > 0,
            "the server hung up"
        );
        self.in_use = false; // only here: not after an error, nor if dropped before
        Ok(answer == line)
    }
}

const PATIENCE: Duration = Duration::from_secs(5);

#[tokio::main]
async fn main() -> Result<ExitCode> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help, --version
    });
    let (size, mut out) = (args.size.into(), stdout()); // `println!` would panic in a broken pipe
    let pool = Pool::new(Server(echo_server()?, AtomicUsize::new(0)), size);

    let all = Barrier::new(size);
    let uses = (0..25 * size).map(async |n| {
        let mut connection = pool.get(PATIENCE).await?;
        let _ = timeout(Duration::from_secs(2), all.wait()).await; // until all are taken
        connection.ask(&format!("use {n}\n")).await
    });
    let right = try_join_all(uses)
        .await?
        .iter()
        .filter(|same| **same)
        .count();
    let opened = pool.manage.1.load(Relaxed);
    writeln!(
        out,
        "{} uses: opened {opened}; {right} answers are right",
        25 * size
    )?;
    let mut held = (right, opened) == (25 * size, size);

    let events = [
        "a panic",
        "a use canceled before its answer",
        "a connection that died idle",
    ];
    for (replaced, event) in events.iter().enumerate() {
        let mut connection = pool.get(PATIENCE).await?;
        let user = tokio::spawn(async move {
            match replaced {
                0 => panic!("a bug in the middle of a use"),
                // The answer to half a line ends no line: it is there, and still awaited.
                1 => drop(timeout(Duration::from_millis(20), connection.ask("half a ")).await),
                _ => drop(connection.stream.shutdown().await), // as if the cable were pulled
            }
        });
        held &= user.await.is_err() == (replaced == 0);
        let (mut taken, mut right) = (Vec::new(), 0); // all of them, at once
        for n in 0..size {
            taken.push(pool.get(PATIENCE).await?);
            right += usize::from(taken[n].ask(&format!("number {n}\n")).await?);
        }
        let opened = pool.manage.1.load(Relaxed);
        let more = pool
            .get(Duration::from_millis(50))
            .await
            .err()
            .context("one too many")?;
        writeln!(
            out,
            "after {event}: opened {opened}; {right} at once are right; {more}"
        )?;
        held &= (right, opened) == (size, size + replaced) && more.is::<Elapsed>();
    }
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// Sends back what it gets.
fn echo_server() -> io::Result<SocketAddr> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr();
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            thread::spawn(move || io::copy(&mut &stream, &mut &stream));
        }
    });
    address
}
