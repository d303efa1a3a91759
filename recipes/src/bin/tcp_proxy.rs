//! Pass TCP connections on to another server: bytes both ways, and half-closed ends respected.
//!
//! Use it to put a limit, a log or a switch before a server, or a port where there was none. For
//! each client it opens a connection of its own, and `copy_bidirectional` carries the bytes both
//! ways at once. The end of one direction is not the end of the other: a client that has sent all
//! it has (`shutdown`) still waits for the answer. So an end is passed on as an end, and both
//! connections close when both directions have ended, or one of them has failed. To race two
//! copies, and stop at the first end, cuts such answers off. At most `limit` clients at once, the
//! others wait in the queue of the system; a silent client keeps its place. Dropping `proxy` closes
//! all connections; Ctrl-C does. For HTTP, with its own rules, take `pingora` or a server made for
//! it.
//!
//! Python: `asyncio.start_server` and two tasks that `read` and `write`; `write_eof` is what is
//! forgotten.
//! Needs: `cargo add anyhow@1`, `cargo add clap@4 -F derive`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p recipes --bin tcp_proxy
//! 8 clients sent 1048576 bytes each, and their end; 8 got them back, equal
//! the proxy passed on 8388608 bytes there, 8388608 back; at most 8 at once
//! nobody behind it: Connection refused (os error [..])
//!
//! $ cargo run -p recipes --bin tcp_proxy -- --limit 3
//! 8 clients sent 1048576 bytes each, and their end; 8 got them back, equal
//! the proxy passed on 8388608 bytes there, 8388608 back; at most 3 at once
//! nobody behind it: Connection refused (os error [..])
//!
//! $ cargo run -p recipes --bin tcp_proxy -- --listen 127.0.0.1:8080
//! ? 2
//! error: the following required arguments were not provided: --to <HOST:PORT>
//!
//! $ cargo run -p recipes --bin tcp_proxy -- --limit 0
//! ? 2
//! error: invalid value '0' for '--limit <N>': 0 is not in 1..=65535
//! ```

use std::io::{self, Write, stderr, stdout};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::{cell::Cell, net::SocketAddr, process::exit, time::Duration};

use anyhow::Result;
use clap::{Parser, value_parser};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy_bidirectional};
use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::{select, signal::ctrl_c, sync::Semaphore, task::JoinSet, time::sleep, time::timeout};

/// Accepts clients from `listener` for ever, at most `limit` at once, and passes each on to `to`,
/// such as `"example.com:80"` or a `SocketAddr`. Calls `ended` for each that is gone, with its
/// address and the bytes that went there and back, or its error; without an address if none could
/// be accepted. Dropped, it closes all connections. Panics if `limit` is 0.
pub async fn proxy(
    listener: TcpListener,
    to: impl ToSocketAddrs + Clone + Send + 'static,
    limit: usize,
    mut ended: impl FnMut(Option<SocketAddr>, io::Result<(u64, u64)>),
) {
    assert!(limit > 0, "a limit of 0 would wait forever");
    let mut clients = JoinSet::new(); // aborts them when dropped
    loop {
        select! {
            Some(client) = clients.join_next() => match client {
                Ok((address, bytes)) => ended(Some(address), bytes),
                Err(panic) => ended(None, Err(io::Error::other(panic))),
            },
            accepted = listener.accept(), if clients.len() < limit => match accepted {
                Ok((client, address)) => {
                    let to = to.clone();
                    clients.spawn(async move { (address, pass_on(client, to).await) });
                }
                Err(error) => {
                    ended(None, Err(error)); // a client gone too soon, or no descriptor is left:
                    sleep(Duration::from_millis(100)).await; // then a loop would only burn the CPU
                }
            },
        }
    }
}

/// Connects to `to`, within 5 s, and carries bytes both ways until both directions have ended.
/// Returns how many went there and back. Once one direction fails, both connections are closed.
pub async fn pass_on(mut client: TcpStream, to: impl ToSocketAddrs) -> io::Result<(u64, u64)> {
    let mut server = timeout(Duration::from_secs(5), TcpStream::connect(to)).await??;
    // A short message is not held back to travel with the next.
    client.set_nodelay(true)?;
    server.set_nodelay(true)?;
    copy_bidirectional(&mut client, &mut server).await
}

/// Passes TCP connections on.
#[derive(Parser)]
struct Args {
    /// Where to listen, until Ctrl-C; without it, a demo with 8 clients and a server in here
    #[arg(long, value_name = "ADDRESS", requires = "to")]
    listen: Option<SocketAddr>,
    /// Where to pass them on
    #[arg(long, value_name = "HOST:PORT", requires = "listen")]
    to: Option<String>,
    /// How many clients at once
    #[arg(long, value_name = "N", default_value_t = 8, value_parser = value_parser!(u16).range(1..))]
    limit: u16,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::try_parse().unwrap_or_else(|wrong| {
        if wrong.use_stderr() {
            let said = wrong.to_string(); // without the usage
            eprintln!(
                "{}",
                said.split("\n\n")
                    .next()
                    .unwrap_or_default()
                    .replace("\n ", "")
            );
            exit(2)
        }
        wrong.exit() // --help
    });
    let limit = args.limit.into();
    let (Some(address), Some(to)) = (args.listen, args.to) else {
        exit(i32::from(!demo(limit).await?));
    };
    let listener = TcpListener::bind(address).await.unwrap_or_else(|error| {
        eprintln!("error: {address}: {error}");
        exit(2)
    });
    writeln!(stdout(), "{} to {to}, until Ctrl-C", listener.local_addr()?)?;
    let ended = |client: Option<SocketAddr>, bytes: io::Result<_>| {
        let client = client.map_or("a client".to_owned(), |address| address.to_string());
        let _ = match bytes {
            Ok((there, back)) => writeln!(stdout(), "{client}: {there} bytes there, {back} back"),
            Err(error) => writeln!(stderr(), "{client}: {error}"),
        }; // nobody need read it
    };
    select! { () = proxy(listener, to, limit, ended) => {}, _ = ctrl_c() => {} }
    exit(0) // to return would wait for a name lookup that hangs
}

const BYTES: usize = 1 << 20;
const CLIENTS: usize = 8;

async fn demo(limit: usize) -> Result<bool> {
    let (mut out, server) = (stdout(), TcpListener::bind("127.0.0.1:0").await?);
    let to = server.local_addr()?;
    tokio::spawn(serve(server, limit.min(CLIENTS)));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let totals = Cell::new((0, 0, 0)); // bytes there, bytes back, clients
    let ended = |_, bytes: io::Result<(u64, u64)>| {
        let ((to, from), (there, back, gone)) = (bytes.unwrap_or_default(), totals.get());
        totals.set((there + to, back + from, gone + 1));
    };
    let clients = async {
        let all: Vec<_> = (0..CLIENTS)
            .map(|n| tokio::spawn(client(address, n)))
            .collect();
        let mut equal = 0;
        for one in all {
            equal += usize::from(timeout(Duration::from_secs(10), one).await???);
        }
        while totals.get().2 < CLIENTS {
            sleep(Duration::from_millis(1)).await; // the proxy hears of it a little later
        }
        anyhow::Ok(equal)
    };
    let equal = select! {
        equal = clients => equal?,
        () = proxy(listener, to, limit, ended) => 0,
    };
    let ((there, back, _), most) = (totals.get(), MOST_AT_ONCE.load(Relaxed));
    writeln!(
        out,
        "{CLIENTS} clients sent {BYTES} bytes each, and their end; {equal} got them back, equal"
    )?;
    writeln!(
        out,
        "the proxy passed on {there} bytes there, {back} back; at most {most} at once"
    )?;

    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let client = TcpStream::connect(listener.local_addr()?).await?;
    let lost = pass_on(client, "127.0.0.1:9")
        .await
        .err()
        .map(|error| error.to_string());
    writeln!(
        out,
        "nobody behind it: {}",
        lost.as_deref().unwrap_or("a server")
    )?;
    let all = (CLIENTS * BYTES) as u64;
    Ok(lost.is_some() && (equal, there, back, most) == (CLIENTS, all, all, limit.min(CLIENTS)))
}

/// Sends its bytes and then the end, and returns whether they come back.
async fn client(address: SocketAddr, n: usize) -> io::Result<bool> {
    let sent: Vec<_> = (n..).map(|byte| byte as u8).take(BYTES).collect();
    let mut stream = TcpStream::connect(address).await?;
    stream.write_all(&sent).await?;
    stream.shutdown().await?; // half closed: from now on it only listens
    let mut got = Vec::new();
    stream.read_to_end(&mut got).await?;
    Ok(got == sent)
}

static MOST_AT_ONCE: AtomicUsize = AtomicUsize::new(0);

/// Reads all that a client sends, up to its end, and only then sends it back. The first ones wait
/// until `limit` are there at once, or for 2 s; each then stays a while, to be counted.
async fn serve(listener: TcpListener, limit: usize) -> io::Result<()> {
    static SEATS: Semaphore = Semaphore::const_new(CLIENTS);
    static FULL: Semaphore = Semaphore::const_new(0); // a permit once `limit` have been there
    loop {
        let (mut stream, _) = listener.accept().await?;
        tokio::spawn(async move {
            let _seat = SEATS.acquire().await;
            let at_once = CLIENTS - SEATS.available_permits();
            MOST_AT_ONCE.fetch_max(at_once, Relaxed);
            if at_once >= limit {
                FULL.add_permits(1);
            }
            let _ = timeout(Duration::from_secs(2), FULL.acquire()).await;
            sleep(Duration::from_millis(20)).await; // one too many would be seen
            let mut all = Vec::new();
            stream.read_to_end(&mut all).await?;
            stream.write_all(&all).await
        });
    }
}
