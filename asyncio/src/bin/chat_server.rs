//! A chat room: every client sees the lines of all, in the same order.
//!
//! Use it where many connections have to get the same messages. Each client has a task, and all
//! tasks share a `broadcast` channel: every receiver gets every message. `LinesCodec` cuts
//! the bytes of a client into lines. `select!` waits for the next line of the client and of the
//! room at once.
//!
//! - The first line of a client is its name. Clients get their own lines, too.
//! - The room keeps a fixed number of lines. A client that reads too slowly lags: it misses the
//!   oldest lines, and is told how many. It stays in the room and holds up nobody.
//! - A client that never reads keeps its task. Put a `timeout` around `send` to drop it.
//! - A line that is too long ends the connection: without a limit it could fill the memory.
//! - For accepting, stopping and running out of files: `tcp_echo`, whose `serve` can call `chat`.
//!   For browsers: `websocket_chat`.
//!
//! Python: `writer.write(line)` for each `StreamWriter` in a set, which buffers without a limit
//! Needs: `cargo add futures@0.3`, `cargo add tokio@1 -F macros,net,sync`,
//! `cargo add tokio-util@0.7 -F codec`
//! Demo needs: `cargo add anyhow@1`, `cargo add tokio@1 -F full`
//! Tested: `asyncio/tests/proof/chat_server.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin chat_server
//! Ada sees "Ada: hello"
//! Bob sees "Ada: hello"
//! Eve sees "Ada: hello"
//! Ada sees "Bob: hello"
//! Bob sees "Bob: hello"
//! Eve sees "Bob: hello"
//! Ada sees "Eve: hello"
//! Bob sees "Eve: hello"
//! Eve sees "Eve: hello"
//! ```

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::broadcast::{Sender, error::RecvError};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

/// The longest line that a client may send, in bytes.
pub const MAX_LINE: usize = 1000;

/// Lets a client take part in `room` until it hangs up.
///
/// # Errors
/// If the connection fails, or a line is longer than `MAX_LINE` or not UTF-8.
pub async fn chat(stream: TcpStream, room: Sender<String>) -> Result<(), LinesCodecError> {
    let codec = LinesCodec::new_with_max_length(MAX_LINE);
    let mut client = Framed::new(stream, codec);
    let name = match client.next().await {
        Some(name) => name?,
        None => return Ok(()),
    };
    let mut messages = room.subscribe();
    client.send(format!("* welcome, {name}")).await?;

    loop {
        // Both arms are cancel safe: neither loses a line, nor a part of one.
        select! {
            // The room first: a client that sends many lines at once gets all of them back.
            biased;
            message = messages.recv() => match message {
                Ok(message) => client.send(message).await?,
                Err(RecvError::Lagged(count)) => {
                    client.send(format!("* you missed {count} lines")).await?;
                }
                Err(RecvError::Closed) => return Ok(()),
            },
            line = client.next() => match line {
                Some(line) => {
                    let message = format!("{name}: {}", line?);
                    let _ = room.send(message); // never an error: this task receives it, too
                }
                None => return Ok(()), // the client has hung up
            },
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinSet;

const NAMES: [&str; 3] = ["Ada", "Bob", "Eve"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve_three(listener));

    let mut clients = Vec::new();
    for name in NAMES {
        clients.push(join(address, name).await?);
    }
    for speaker in 0..clients.len() {
        clients[speaker].send("hello").await?;
        for (client, name) in clients.iter_mut().zip(NAMES) {
            println!("{name} sees {:?}", next_line(client).await?);
        }
    }
    drop(clients);
    server.await?
}

/// Serves three clients, until all of them have hung up.
async fn serve_three(listener: TcpListener) -> anyhow::Result<()> {
    let (room, _) = broadcast::channel(16);
    let mut clients = JoinSet::new();
    for _ in 0..3 {
        let (stream, _address) = listener.accept().await?;
        clients.spawn(chat(stream, room.clone()));
    }
    for result in clients.join_all().await {
        result?;
    }
    Ok(())
}

type Client = Framed<TcpStream, LinesCodec>;

/// Connects, and waits until it is in the room.
async fn join(address: SocketAddr, name: &str) -> anyhow::Result<Client> {
    let stream = TcpStream::connect(address).await?;
    let mut client = Framed::new(stream, LinesCodec::new());
    client.send(name).await?;
    next_line(&mut client).await?;
    Ok(client)
}

async fn next_line(client: &mut Client) -> anyhow::Result<String> {
    let line = client.next().await.context("the server has hung up")?;
    Ok(line?)
}
