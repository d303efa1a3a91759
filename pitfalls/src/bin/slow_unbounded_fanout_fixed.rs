//! Fixed: at most 16 connections are open at once, and every one of the 200 succeeds.
//!
//! `buffer_unordered` starts the next future when one has ended, so it also makes only 16 futures
//! at a time. What limit is best depends on the server; 10 to 100 is usual, and more is seldom
//! faster. To raise the limit of the process (`ulimit -n`) only moves the number at which it fails.
//!
//! Python: `async with semaphore:` in each `fetch`, in an `asyncio.TaskGroup`
//! Broken: `slow_unbounded_fanout_broken`
//! Needs: `cargo add futures@0.3`, `cargo add nix@0.31 -F resource`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_unbounded_fanout_fixed
//! 0 of 200 failed
//! ```

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use futures::stream::{self, StreamExt};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Fetches the page `count` times. Returns a result for each.
pub async fn fetch_all(server: SocketAddr, count: usize) -> Vec<io::Result<()>> {
    let fetches = (0..count).map(|_| fetch(server));
    stream::iter(fetches).buffer_unordered(16).collect().await // FIXED: 16 at once
}

/// Stands for a request: it keeps a connection for some time.
async fn fetch(server: SocketAddr) -> io::Result<()> {
    let _connection = TcpStream::connect(server).await?;
    sleep(Duration::from_millis(20)).await;
    Ok(())
}

/// Accepts connections. When there are no files left, it tries again a little later.
async fn serve(listener: TcpListener) {
    loop {
        if listener.accept().await.is_err() {
            sleep(Duration::from_millis(1)).await;
        }
    }
}

#[tokio::main]
async fn main() -> io::Result<ExitCode> {
    // 64 files are enough to show it. The usual limit is 1024 or more.
    let hard_limit = getrlimit(Resource::RLIMIT_NOFILE)?.1;
    setrlimit(Resource::RLIMIT_NOFILE, 64, hard_limit)?;
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let server = listener.local_addr()?;
    tokio::spawn(serve(listener));

    let results = fetch_all(server, 200).await;
    let errors: Vec<io::Error> = results.into_iter().filter_map(Result::err).collect();
    let failed = errors.len();
    match errors.first() {
        Some(error) => println!("{failed} of 200 failed: {error}"),
        None => println!("0 of 200 failed"),
    }
    if failed == 0 {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
