//! Share a few connections among many tasks: opened when needed, checked, replaced when dead.
//!
//! Use it for whatever is costly to open and serves one user at a time. You write a `Manager`: how
//! to open a connection (`create`), and how to check whether it can be used again (`recycle`). The
//! crate `deadpool` does the rest. `get` returns an idle connection or opens one, but never more
//! than `size`. Dropping it gives it back, even after an error, a panic, or a canceled task.
//!
//! - A canceled task may leave an answer unread, which the next task would take for its own. So
//!   `recycle` sends a ping and looks whether the answer is a pong.
//! - Without timeouts `get` waits forever. If all connections stay in use, the error is the one
//!   below; sqlx calls it "pool timed out while waiting for an open connection". Often a task
//!   holds a connection for too long, or holds one while it waits for another.
//! - An error of `create`, such as "Too many open files (os error 24)", is returned by `get`.
//! - For databases: `deadpool-postgres`, `deadpool-redis`, and the pool of sqlx (`db_queries`). An
//!   HTTP client has a pool inside: `http_client_session`. Only a limit: `async_semaphore`.
//!
//! Python: `asyncpg.create_pool(max_size=4)`, or a `queue.Queue` of connections
//! Needs: `cargo add deadpool@0.13 -F rt_tokio_1`, `cargo add tokio@1 -F io-util,net,time`
//! Demo needs: `cargo add anyhow@1 futures@0.3`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/resource_pool.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin resource_pool
//! 100 requests: 4 connections
//! all 4 in use: Timeout occurred while waiting for a slot to become available
//! one breaks: the server closed the connection
//! 4 more at once: 5 connections in all
//! ```

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use deadpool::Runtime;
use deadpool::managed::{Manager, Metrics, Pool, RecycleError, RecycleResult};
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
}

impl Connection {
    /// Sends a line, and waits for the answer.
    ///
    /// # Errors
    /// If there is no answer within 5 s. Drop the connection then: the answer may still come.
    pub async fn ask(&mut self, line: &str) -> io::Result<String> {
        timeout(PATIENCE, self.exchange(line)).await?
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
        let stream = BufReader::new(stream);
        Ok(Connection { stream })
    }

    /// Checks an idle connection. After an error the pool drops it, and takes another one.
    async fn recycle(&self, idle: &mut Connection, _: &Metrics) -> RecycleResult<io::Error> {
        if idle.ask("ping").await? != "pong" {
            return Err(RecycleError::message("the answer to an earlier request"));
        }
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
use futures::future::try_join_all;
use tokio::net::TcpListener;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(serve(listener));
    let pool = pool(Server { address }, 4);

    let request = async |_| -> anyhow::Result<()> {
        let mut connection = pool.get().await?;
        connection.ask("hello").await?;
        Ok(())
    };
    try_join_all((0..100).map(request)).await?;
    println!("100 requests: {} connections", OPENED.load(Relaxed));

    let mut connections = Vec::new();
    for _ in 0..4 {
        connections.push(pool.get().await?);
    }
    let soon = Timeouts::wait_millis(100);
    if let Err(error) = pool.timeout_get(&soon).await {
        println!("all 4 in use: {error}");
    }

    let broken = connections[0].ask("quit").await;
    println!("one breaks: {}", broken.unwrap_err());
    drop(connections);
    try_join_all((0..4).map(request)).await?;
    println!(
        "4 more at once: {} connections in all",
        OPENED.load(Relaxed)
    );
    Ok(())
}

static OPENED: AtomicUsize = AtomicUsize::new(0);

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        OPENED.fetch_add(1, Relaxed);
        tokio::spawn(answer(BufReader::new(stream)));
    }
}

/// Answers each line, and hangs up at `quit`.
async fn answer(mut stream: BufReader<TcpStream>) -> io::Result<()> {
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 && line != "quit\n" {
        let answer = line.replace("ping", "pong");
        stream.write_all(answer.as_bytes()).await?;
        line.clear();
    }
    Ok(())
}
