//! Pass TCP connections on to another server: bytes both ways, at most N connections at once.
//!
//! Use it to put a limit or a switch before a server, or a port where there was none. For each
//! client the proxy opens a connection of its own, and `copy_bidirectional` copies both ways. The
//! end of one direction is passed on, and the other one goes on: a client that has sent all it has
//! may still wait for the answer.
//!
//! - Only an end is passed on as an end. When one side fails, nobody listens there, no bytes arrive
//!   for the time `idle`, or the proxy itself is stopped, both connections are reset. So half a
//!   file never looks like a whole one.
//! - Clients above the limit wait in the queue of the system until a connection ends.
//! - The server sees the address of the proxy, and not that of the client.
//! - For HTTP, with its own rules: the `pingora` crate, nginx or HAProxy.
//!
//! Python: `asyncio.start_server` and two tasks that copy; the `write_eof` is often forgotten
//! Needs: `cargo add anyhow@1 socket2@0.6`,
//! `cargo add tokio@1 -F io-util,macros,net,rt,sync,time`, `cargo add tokio-util@0.7 -F io`
//! Demo needs: `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/tcp_proxy.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin tcp_proxy
//! sent "hello" and the end, received "hello"
//!
//! $ cargo run -p recipes --bin tcp_proxy -- --listen 127.0.0.1:8080 --to nonsense
//! ? 2
//! error: invalid value 'nonsense' for '--to <HOST:PORT>': invalid socket address
//! ...
//! ```

use std::time::Duration;

use anyhow::{Context, Error, Result, bail};
use socket2::SockRef;
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::io::InspectReader;

/// How long a connection to the server may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(10);

/// Accepts connections forever, at most `limit` at once, and passes each on to `to`, which is
/// written as `host:port`. Calls `failed` for each one that fails. Dropping the future resets all
/// connections.
///
/// # Panics
/// If `limit` is 0.
pub async fn proxy(
    listener: TcpListener,
    to: String,
    limit: usize,
    idle: Duration,
    failed: impl Fn(Error),
) {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let mut connections = JoinSet::new();
    loop {
        select! {
            Some(ended) = connections.join_next() => match ended {
                Ok(Ok(())) => {}
                Ok(Err(error)) => failed(error),
                Err(panic) => failed(panic.into()),
            },
            accepted = listener.accept(), if connections.len() < limit => match accepted {
                Ok((client, address)) => {
                    let to = to.clone();
                    connections.spawn(async move {
                        let passed_on = pass_on(client, &to, idle).await;
                        passed_on.with_context(|| address.to_string())
                    });
                }
                Err(error) => {
                    // Out of file handles, for example. They come back as connections end.
                    failed(error.into());
                    sleep(Duration::from_millis(100)).await;
                }
            },
        }
    }
}

/// Connects to `to`, and copies bytes both ways until both sides have sent their end.
///
/// # Errors
/// If the server cannot be reached, one side fails, or no bytes arrive for the time `idle`. Then
/// both connections are reset.
pub async fn pass_on(mut client: TcpStream, to: &str, idle: Duration) -> Result<()> {
    // From here on, whatever closes the connection resets it.
    client.set_zero_linger()?;
    let connecting = timeout(CONNECT_TIMEOUT, TcpStream::connect(to));
    let mut server = connecting.await.context("the server does not answer")??;
    server.set_zero_linger()?;
    // A short message is not held back to travel with the next one.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;

    let arrived = Notify::new();
    let mut from_client = InspectReader::new(&mut client, |_: &[u8]| arrived.notify_one());
    let mut from_server = InspectReader::new(&mut server, |_: &[u8]| arrived.notify_one());
    let no_bytes = async { while timeout(idle, arrived.notified()).await.is_ok() {} };
    select! {
        biased;
        copied = copy_bidirectional(&mut from_client, &mut from_server) => copied?,
        () = no_bytes => bail!("no bytes for {idle:?}"),
    };
    // Both ends have been passed on: now closing delivers what is still on its way.
    SockRef::from(&client).set_linger(None)?;
    SockRef::from(&server).set_linger(None)?;
    Ok(())
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::{self, Write};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process;

use clap::Parser;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::signal::ctrl_c;

const CONNECTIONS: usize = 1000;
const IDLE: Duration = Duration::from_secs(600);

#[derive(Parser)]
struct Args {
    /// Where to listen, until Ctrl-C
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:0",
        requires = "to"
    )]
    listen: SocketAddr,

    /// Where to pass connections on [default: a demo server in this process]
    #[arg(long, value_name = "HOST:PORT", value_parser = check_address)]
    to: Option<String>,
}

/// Looks the address up once at the start, so that a wrong one is refused there.
fn check_address(text: &str) -> io::Result<String> {
    let mut addresses = text.to_socket_addrs()?;
    if addresses.any(|address| address.port() == 0) {
        return Err(io::Error::other("nothing listens at port 0"));
    }
    Ok(text.to_owned())
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::parse();
    let listener = TcpListener::bind(args.listen).await?;
    let address = listener.local_addr()?;
    match args.to {
        Some(to) => {
            println!("{address} to {to}");
            select! {
                () = proxy(listener, to, CONNECTIONS, IDLE, log) => {}
                // Not `return`, which would wait for a host name that is being looked up.
                _ = ctrl_c() => process::exit(130),
            }
        }
        None => {
            let to = start_demo_server().await?;
            tokio::spawn(proxy(listener, to, CONNECTIONS, IDLE, log));
            let answer = ask(address, "hello").await?;
            println!("sent \"hello\" and the end, received {answer:?}");
        }
    }
    Ok(())
}

fn log(error: Error) {
    let _ = writeln!(io::stderr(), "{error:#}"); // an error: nobody reads the log
}

/// Sends a text and the end, and returns what comes back.
async fn ask(address: SocketAddr, text: &str) -> io::Result<String> {
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(text.as_bytes()).await?;
    stream.shutdown().await?; // half closed: from now on it only receives
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await?;
    Ok(answer)
}

/// Starts a server that reads all that a client sends, and then sends it back.
async fn start_demo_server() -> io::Result<String> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    tokio::spawn(async move {
        let (mut stream, _address) = listener.accept().await?;
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await?;
        stream.write_all(&bytes).await
    });
    Ok(address.to_string())
}
