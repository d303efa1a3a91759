//! Share a few connections among many tasks: opened when needed, checked, replaced when dead.
//!
//! Use it for whatever is costly to open and serves one user at a time. You write a `Manager`: how
//! to open a connection (`create`), and whether one can be used again (`recycle`). `deadpool` does
//! the rest. `get` gives an idle connection or opens one, but never more than the limit; dropping it
//! gives it back, after an error, a panic or a canceled task too.
//!
//! - A task that was canceled may have left an answer unread, which the next one would take for its
//!   own. So `recycle` refuses a connection that still has an answer to come.
//! - Without the three timeouts `get` waits forever. sqlx calls the first one "pool timed out while
//!   waiting for an open connection"; deadpool's text is below. Mostly some task keeps a connection
//!   too long, or needs two at once.
//! - A timeout of the pool ends with `get`, so `ask` has one of its own.
//! - An error of `create`, "Too many open files" for example, goes to the caller of `get`.
//! - Pools that are made already: `deadpool-postgres`, `deadpool-redis`, sqlx's (`db_queries`). An
//!   HTTP client pools its connections itself: `http_client_session`. Only a limit: `async_semaphore`.
//!
//! Python: `asyncpg.create_pool(max_size=4)`, or a `queue.Queue` of connections
//! Needs: `cargo add anyhow@1`, `cargo add deadpool@0.13 -F rt_tokio_1`,
//! `cargo add tokio@1 -F io-util,net,time`
//! Demo needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/resource_pool.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin resource_pool
//! 100 requests over 4 connections
//! a dead connection was replaced: 4 answers, 5 connections opened
//! a fifth one: Timeout occurred while waiting for a slot to become available
//! ```

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Pool, RecycleResult};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// How long a step may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A server that answers each line with a line.
pub struct Server {
    pub address: SocketAddr,
}

/// A connection to the server.
pub struct Connection {
    stream: BufReader<TcpStream>,
    /// Whether an answer is still to come.
    waiting: bool,
}

impl Connection {
    /// Sends a line, and waits for the answer.
    ///
    /// # Errors
    /// If there is no answer within `PATIENCE`. The connection is of no use any more.
    pub async fn ask(&mut self, line: &str) -> io::Result<String> {
        if self.waiting {
            return Err(io::Error::other("another answer is still to come"));
        }
        self.waiting = true; // and it stays so after an error, or when this is canceled
        let answer = timeout(PATIENCE, self.exchange(line)).await??;
        self.waiting = false;
        Ok(answer)
    }

    async fn exchange(&mut self, line: &str) -> io::Result<String> {
        let line = format!("{line}\n");
        self.stream.write_all(line.as_bytes()).await?;
        let mut answer = String::new();
        self.stream.read_line(&mut answer).await?;
        if answer.pop() != Some('\n') {
            return Err(io::Error::other("the server closed the connection"));
        }
        Ok(answer)
    }
}

impl Manager for Server {
    type Type = Connection;
    type Error = io::Error;

    /// Opens a connection.
    async fn create(&self) -> io::Result<Connection> {
        let stream = TcpStream::connect(self.address).await?;
        Ok(Connection {
            stream: BufReader::new(stream),
            waiting: false,
        })
    }

    /// Checks an idle connection. After an error the pool drops it, and takes another one.
    async fn recycle(&self, connection: &mut Connection, _: &Metrics) -> RecycleResult<io::Error> {
        connection.ask("ping").await?;
        Ok(())
    }
}

/// Prepares a pool of at most `size` connections. None is opened yet.
///
/// # Panics
/// If `size` is 0.
pub fn pool(server: Server, size: usize) -> Pool<Server> {
    assert!(size > 0, "a pool of 0 has no connection to give");
    let pool = Pool::builder(server)
        .max_size(size)
        .runtime(Runtime::Tokio1)
        .wait_timeout(Some(PATIENCE))
        .create_timeout(Some(PATIENCE))
        .build();
    pool.expect("it has a runtime for its timeouts")
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

use deadpool::managed::Timeouts;
use futures::future::join_all;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener));
    let pool = pool(Server { address }, 4);

    let requests = (0..100).map(async |_| -> anyhow::Result<String> {
        let mut connection = pool.get().await?;
        Ok(connection.ask("hello").await?)
    });
    for answer in join_all(requests).await {
        answer?;
    }
    println!("100 requests, {} connections", OPENED.load(Relaxed));

    let mut connection = pool.get().await?;
    if let Err(error) = connection.ask("quit").await {
        println!("one connection broke: {error}");
    }
    drop(connection);

    let mut in_use = Vec::new();
    for _ in 0..4 {
        let mut connection = pool.get().await?;
        connection.ask("hello").await?;
        in_use.push(connection);
    }
    println!(
        "4 more requests, {} connections in all",
        OPENED.load(Relaxed)
    );
    let soon = Timeouts::wait_millis(100);
    if let Err(error) = pool.timeout_get(&soon).await {
        println!("a fifth one at once: {error}");
    }
    Ok(())
}

static OPENED: AtomicUsize = AtomicUsize::new(0);

/// Answers each line with the same line, and hangs up at `quit`.
async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        OPENED.fetch_add(1, Relaxed);
        tokio::spawn(answer(BufReader::new(stream)));
    }
}

async fn answer(mut stream: BufReader<TcpStream>) -> io::Result<()> {
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 && line != "quit\n" {
        stream.write_all(line.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
