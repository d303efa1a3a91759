//! Slow: all connections at once, and most fail because the program runs out of files.
//!
//! You see: `Too many open files (os error 24)`, with many URLs only; it works with ten.
//! Why: `join_all` polls every future at once, so all connections are opened together. A process
//! may have some 1024 open files, of which each connection is one; the server has a limit as well.
//! Rule: every list gets a limit: `buffer_unordered(n)`, a semaphore, or N workers.
//!
//! Python: `asyncio.gather(*(fetch(url) for url in urls))`
//! Caught by: no lint
//! Fixed: `slow_unbounded_fanout_fixed`
//! Needs: `cargo add futures@0.3`, `cargo add nix@0.31 -F resource`, `cargo add tokio@1 -F full`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_unbounded_fanout_broken
//! ? 1
//! [..] of 200 failed: Too many open files (os error 24)
//! ```

use std::io;
use std::net::SocketAddr;
use std::process::ExitCode;
use std::time::Duration;

use futures::future::join_all;
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Fetches the page `count` times. Returns a result for each.
pub async fn fetch_all(server: SocketAddr, count: usize) -> Vec<io::Result<()>> {
    let fetches = (0..count).map(|_| fetch(server));
    join_all(fetches).await // BROKEN: all at once
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
