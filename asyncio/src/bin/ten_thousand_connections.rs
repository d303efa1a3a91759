//! Serve ten thousand connections on one thread, or as many as the limit of open files allows.
//!
//! Use one task for each connection. One that is silent costs the memory of its task and no time,
//! so the first limit is that of open files: "Too many open files (os error 24)". A process has a
//! soft limit, often 1024, which it may raise up to the hard limit: `raise_file_limit`.
//!
//! - The clients are this program, started again, because each process has a limit of its own.
//! - The memory below is that of the process. The kernel's buffers for a connection come on top.
//! - A real server does not end when the limit is reached, but waits for connections to end:
//!   `graceful_shutdown`. With a thread for each connection: `tcp_echo_threads`.
//!
//! Python: `asyncio.start_server(echo, ...)`, `resource.setrlimit(RLIMIT_NOFILE, (limit, hard))`
//! Needs: `cargo add anyhow@1 futures@0.3`, `cargo add nix@0.31 -F resource`,
//! `cargo add tokio@1 -F io-util,macros,net,process,rt`
//! Runs on: Linux
//! Tested: `asyncio/tests/proof/ten_thousand_connections.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin ten_thousand_connections
//! [..] connections are open, on one thread
//! memory for each: [..] bytes
//! all clients were answered
//! ```

use std::{env, fs, io};

use anyhow::{Context, bail, ensure};
use futures::future::try_join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::process::Command;
use tokio::select;
use tokio::task::JoinSet;

const MOST: u64 = 10_000;

/// Files that a process has open besides its connections, and some to spare.
const OTHER_FILES: u64 = 56;

#[tokio::main(flavor = "current_thread")]
async fn main() -> anyhow::Result<()> {
    let limit = raise_file_limit(MOST + OTHER_FILES)?;
    let count = limit.saturating_sub(OTHER_FILES).clamp(1, MOST) as usize;
    match env::args().nth(1) {
        None => serve(count).await,
        Some(address) => run_clients(&address, count).await,
    }
}

/// Raises the limit of open files of this process, and of those that it starts, to `wanted` or as
/// far as the system allows. Returns the limit.
fn raise_file_limit(wanted: u64) -> nix::Result<u64> {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE)?;
    let limit = wanted.clamp(soft, hard);
    setrlimit(Resource::RLIMIT_NOFILE, limit, hard)?;
    Ok(limit)
}

async fn serve(count: usize) -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let mut clients = Command::new(env::current_exe()?)
        .arg(address.to_string())
        .kill_on_drop(true)
        .spawn()?;

    let before = memory_in_use()?;
    let mut connections = JoinSet::new();
    while connections.len() < count {
        // Whichever is not ready is dropped, and loses nothing: both are safe to cancel.
        select! {
            accepted = listener.accept() => {
                let (connection, _) = accepted?;
                connections.spawn(echo(connection));
            }
            ended = clients.wait() => bail!("the clients have ended: {}", ended?),
        }
    }
    let memory = memory_in_use()?.saturating_sub(before);
    println!("{count} connections are open, on one thread");
    println!("memory for each: {} bytes", memory / count);

    while let Some(ended) = connections.join_next().await {
        ended??;
    }
    let status = clients.wait().await?;
    ensure!(status.success(), "the clients have ended: {status}");
    println!("all clients were answered");
    Ok(())
}

async fn echo(mut connection: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 64];
    loop {
        let length = connection.read(&mut buffer).await?;
        if length == 0 {
            return Ok(()); // the client has hung up
        }
        connection.write_all(&buffer[..length]).await?;
    }
}

/// Opens all connections, and then asks on all of them at once.
async fn run_clients(address: &str, count: usize) -> anyhow::Result<()> {
    let mut connections = Vec::new();
    for _ in 0..count {
        let mut connection = TcpStream::connect(address).await?;
        ask(&mut connection).await?; // answered, so the server has accepted it
        connections.push(connection);
    }
    try_join_all(connections.iter_mut().map(ask)).await?;
    Ok(())
}

async fn ask(connection: &mut TcpStream) -> anyhow::Result<()> {
    connection.write_u32(42).await?;
    let answer = connection.read_u32().await?;
    ensure!(answer == 42, "the answer is {answer}");
    Ok(())
}

/// The memory of this process that is in use, in bytes.
fn memory_in_use() -> anyhow::Result<usize> {
    let status = fs::read_to_string("/proc/self/status")?;
    let (_, rest) = status.split_once("VmRSS:").context("no VmRSS")?;
    let kib = rest.split_whitespace().next().context("no number")?;
    Ok(1024 * kib.parse::<usize>()?)
}
