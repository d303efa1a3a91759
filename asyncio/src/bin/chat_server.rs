//! A chat room: every client sees the lines of all, in the same order.
//!
//! Use it where many connections have to get the same messages. Each client has a task, and all
//! tasks share a `broadcast` channel: every receiver gets every message. `LinesCodec` makes lines
//! of the bytes that come, and `select!` waits for the client's next line and for the room's at
//! once.
//!
//! - The first line of a client is its name. Clients get their own lines, too.
//! - The room keeps a fixed number of lines. A client that reads too slowly lags: the oldest lines
//!   are dropped for it, and it is told how many it missed. It stays in the room, and holds nobody
//!   up.
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
//! Ada: * Ada joined | * Bob joined | * Eve joined | Ada: hello | Bob: hi | Eve: bye | * Eve left
//! Bob: * Bob joined | * Eve joined | Ada: hello | Bob: hi | Eve: bye | * Eve left
//! Eve: * Eve joined | Ada: hello | Bob: hi | Eve: bye
//! ```

use futures::{SinkExt, StreamExt};
use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::broadcast::{Receiver, Sender, error::RecvError};
use tokio_util::codec::{Framed, LinesCodec, LinesCodecError};

/// The longest line that a client may send, in bytes.
pub const MAX_LINE: usize = 1000;

/// Lets a client take part in `room` until it hangs up.
///
/// # Errors
/// If the connection fails, or a line is longer than `MAX_LINE` or not UTF-8. The others are told
/// that the client has left. They are not told if this future is dropped.
pub async fn chat(stream: TcpStream, room: Sender<String>) -> Result<(), LinesCodecError> {
    let codec = LinesCodec::new_with_max_length(MAX_LINE);
    let mut client = Framed::new(stream, codec);
    let name = match client.next().await {
        Some(name) => name?,
        None => return Ok(()),
    };

    let messages = room.subscribe();
    tell(&room, format!("* {name} joined"));
    let result = pass_lines(&mut client, &name, &room, messages).await;
    tell(&room, format!("* {name} left"));
    result
}

async fn pass_lines(
    client: &mut Framed<TcpStream, LinesCodec>,
    name: &str,
    room: &Sender<String>,
    mut messages: Receiver<String>,
) -> Result<(), LinesCodecError> {
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
                Some(line) => tell(room, format!("{name}: {}", line?)),
                None => return Ok(()), // the client has hung up
            },
        }
    }
}

fn tell(room: &Sender<String>, message: String) {
    let _ = room.send(message); // an error: nobody is in the room
}

// ---- Demo ----------------------------------------------------------------------------------

use std::net::SocketAddr;

use anyhow::Context;
use tokio::net::TcpListener;
use tokio::sync::broadcast;
use tokio::task::JoinSet;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve_three(listener));

    let mut ada = Client::join(address, "Ada").await?;
    let mut bob = Client::join(address, "Bob").await?;
    let mut eve = Client::join(address, "Eve").await?;
    ada.say("hello").await?;
    bob.say("hi").await?;
    eve.say("bye").await?;
    drop(eve.connection);
    ada.read_until("* Eve left").await?;
    bob.read_until("* Eve left").await?;

    println!("Ada: {}", ada.seen.join(" | "));
    println!("Bob: {}", bob.seen.join(" | "));
    println!("Eve: {}", eve.seen.join(" | "));
    drop(ada);
    drop(bob);
    server.await?
}

/// Serves three clients, until all of them have left.
async fn serve_three(listener: TcpListener) -> anyhow::Result<()> {
    let (room, _) = broadcast::channel(16);
    let mut clients = JoinSet::new();
    for _ in 0..3 {
        let (stream, _address) = listener.accept().await?;
        clients.spawn(chat(stream, room.clone()));
    }
    clients.join_all().await; // an error: a client hung up while a line was sent to it
    Ok(())
}

struct Client {
    connection: Framed<TcpStream, LinesCodec>,
    name: &'static str,
    seen: Vec<String>,
}

impl Client {
    async fn join(address: SocketAddr, name: &'static str) -> anyhow::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        let mut client = Self {
            connection: Framed::new(stream, LinesCodec::new()),
            name,
            seen: Vec::new(),
        };
        client.connection.send(name).await?;
        client.read_until(&format!("* {name} joined")).await?;
        Ok(client)
    }

    /// Sends a line, and waits until everybody gets it.
    async fn say(&mut self, text: &str) -> anyhow::Result<()> {
        self.connection.send(text).await?;
        let line = format!("{}: {text}", self.name);
        self.read_until(&line).await
    }

    async fn read_until(&mut self, last: &str) -> anyhow::Result<()> {
        while self.seen.last().is_none_or(|line| line != last) {
            let line = self
                .connection
                .next()
                .await
                .context("the server has hung up")?;
            self.seen.push(line?);
        }
        Ok(())
    }
}
