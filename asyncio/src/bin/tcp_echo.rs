//! Serve TCP clients with a task for each connection, and stop them all gracefully.
//!
//! Use it for a server with up to many thousands of connections. `serve` accepts connections until
//! `stop` is canceled. Then it closes its port, and waits for the tasks: each sees `stop` as well,
//! finishes the answer in hand, and ends. When `serve` returns, no task is left.
//!
//! - "Too many open files (os error 24)": every connection is an open file, and `ulimit -n` limits
//!   their number. `accept` fails at once, again and again. So `serve` reports the error and
//!   pauses. The connections go on, and new clients wait until one ends. To raise the limit:
//!   `ten_thousand_connections`. To stay below it: `async_semaphore`.
//! - A client that does not read its answer holds up the stop. With a deadline:
//!   `graceful_shutdown`.
//! - A client that sends nothing keeps its connection. Put a `timeout` around `read` to end that.
//! - Stop at Ctrl-C and SIGTERM: `signal_shutdown`. Messages instead of bytes: `framed_protocol`.
//!
//! Python: `asyncio.start_server(echo, ...)`, then `server.close()` and `server.wait_closed()`
//! Needs: `cargo add tokio@1 -F macros,net,rt,time`, `cargo add tokio-util@0.7 -F rt`
//! Demo needs: `cargo add futures@0.3`, `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/tcp_echo.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin tcp_echo
//! 50 clients: 50 echoed
//! stopped while they were connected: 50 saw the end
//! ```

use std::time::Duration;

use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::time::sleep;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

/// Accepts connections until `stop` is canceled, and calls `handle` with each in a task of its own.
/// Returns when all these tasks have ended.
///
/// `handle` gets a token, and must return soon after it is canceled: at the stop, and also if this
/// future is dropped. A `handle` that panics ends its own connection only.
pub async fn serve<F>(
    listener: TcpListener,
    stop: CancellationToken,
    handle: impl Fn(TcpStream, CancellationToken) -> F,
) where
    F: Future<Output = ()> + Send + 'static,
{
    let connections = TaskTracker::new();
    let stop = stop.child_token();
    let _stop_on_drop = stop.clone().drop_guard();
    loop {
        let accepted = select! {
            accepted = listener.accept() => accepted, // cancel safe: no client is lost
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _address)) => {
                connections.spawn(handle(stream, stop.clone()));
            }
            Err(error) => {
                // Out of files, for example. They come back as connections end.
                eprintln!("accept: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener); // new clients are refused from here on
    connections.close();
    connections.wait().await;
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io;
use std::net::SocketAddr;

use futures::future::try_join_all;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

#[tokio::main]
async fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let stop = CancellationToken::new();
    let server = tokio::spawn(serve(listener, stop.clone(), echo));

    let clients = (1..=50).map(|_| say_hello_and_stay(address));
    let clients = try_join_all(clients).await?;
    println!("50 clients: {} echoed", clients.len());

    stop.cancel();
    server.await?;
    let mut ended = 0;
    for mut client in clients {
        if client.read(&mut [0]).await? == 0 {
            ended += 1;
        }
    }
    println!("stopped while they were connected: {ended} saw the end");
    Ok(())
}

/// Sends back what arrives, until the client hangs up or the server stops.
async fn echo(mut stream: TcpStream, stop: CancellationToken) {
    let mut buffer = [0; 1024];
    loop {
        let read = select! {
            read = stream.read(&mut buffer) => read, // cancel safe: no byte is lost
            () = stop.cancelled() => return,
        };
        let length = match read {
            Ok(0) | Err(_) => return, // the client has hung up
            Ok(length) => length,
        };
        // Not cancel safe, and so not in the `select!`: an answer is sent whole.
        if stream.write_all(&buffer[..length]).await.is_err() {
            return;
        }
    }
}

/// Connects, gets an answer, and stays connected.
async fn say_hello_and_stay(address: SocketAddr) -> io::Result<TcpStream> {
    let mut client = TcpStream::connect(address).await?;
    client.write_all(b"hello").await?;
    let mut answer = [0; 5];
    client.read_exact(&mut answer).await?;
    assert_eq!(&answer, b"hello");
    Ok(client)
}
