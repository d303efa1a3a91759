//! A chat room over websockets: every client sees the lines of all, in the same order.
//!
//! Use it to push messages to browsers. Each client has a task, and all tasks share a `broadcast`
//! channel, where every receiver gets every message. `select!` waits for the client and for the
//! room at once. At the end `close` sends a close frame to each client, and waits for its answer.
//!
//! - The room keeps a fixed number of lines. A client that is further behind is told so in a close
//!   frame. One that reads nothing for 10 s, or answers no ping, is dropped. None holds up others.
//! - Any page that a browser shows may connect to this server. Check the header `Origin` if you
//!   recognize your clients by a cookie.
//! - A client that connects and asks for nothing keeps its connection: `axum::serve` has no timeout
//!   for it. A reverse proxy has one, and does TLS as well.
//! - Without browsers: `chat_server`. The other routes of a service: `http_service`.
//!
//! Python: `websockets.serve`, with `broadcast(connections, line)` for each line
//! Needs: `cargo add axum@0.8 -F ws`, `cargo add tokio@1 -F macros,rt,sync,time`,
//! `cargo add tokio-util@0.7`
//! Demo needs: `cargo add anyhow@1 futures@0.3 tokio-tungstenite@0.29`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/websocket_chat.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin websocket_chat -F websocket
//! Ada sees: hello from Ada
//! Bob sees: hello from Ada
//! Eve sees: hello from Ada
//! Ada sees: hello from Bob
//! Bob sees: hello from Bob
//! Eve sees: hello from Bob
//! Ada sees: hello from Eve
//! Bob sees: hello from Eve
//! Eve sees: hello from Eve
//! Ada gets Close(Some(CloseFrame { code: Away, reason: Utf8Bytes(b"the room closes") }))
//! Bob gets Close(Some(CloseFrame { code: Away, reason: Utf8Bytes(b"the room closes") }))
//! Eve gets Close(Some(CloseFrame { code: Away, reason: Utf8Bytes(b"the room closes") }))
//! ```

use std::time::Duration;

use axum::Router;
use axum::extract::State;
use axum::extract::ws::close_code::{AWAY, POLICY, UNSUPPORTED};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket, WebSocketUpgrade};
use axum::response::Response;
use axum::routing::any;
use tokio::select;
use tokio::sync::broadcast;
use tokio::time::{Instant, interval_at, timeout};
use tokio_util::sync::CancellationToken;

/// The longest line that a client may send, in bytes.
pub const MAX_LINE: usize = 1000;

/// How often a client is asked for a sign of life.
const HEARTBEAT: Duration = Duration::from_secs(30);

/// How long a client may take to receive a message.
const SEND_TIMEOUT: Duration = Duration::from_secs(10);

/// A chat room. A clone is the same room.
#[derive(Clone)]
pub struct Room {
    lines: broadcast::Sender<Utf8Bytes>,
    closing: CancellationToken,
}

impl Room {
    /// Opens a room. A client may be `capacity` lines behind, or a few more.
    ///
    /// # Panics
    /// If `capacity` is 0.
    pub fn new(capacity: usize) -> Self {
        Self {
            lines: broadcast::Sender::new(capacity),
            closing: CancellationToken::new(),
        }
    }

    /// Lets clients join at `/chat`.
    pub fn routes(&self) -> Router {
        let routes = Router::new().route("/chat", any(join));
        routes.with_state(self.clone())
    }

    /// Sends a close frame to all clients, and waits until they have gone.
    pub async fn close(&self) {
        self.closing.cancel();
        self.lines.closed().await; // nobody receives them any more
    }
}

async fn join(State(room): State<Room>, upgrade: WebSocketUpgrade) -> Response {
    // Before the client has its answer, so that it misses no line.
    let mut lines = room.lines.subscribe();
    let upgrade = upgrade.max_frame_size(MAX_LINE).max_message_size(MAX_LINE);
    upgrade.on_upgrade(async move |mut socket| {
        let goodbye = chat(&mut socket, &room, &mut lines).await;
        close(socket, goodbye).await;
    })
}

/// Lets a client take part in the room. Returns what to tell it at the end.
async fn chat(
    socket: &mut WebSocket,
    room: &Room,
    lines: &mut broadcast::Receiver<Utf8Bytes>,
) -> CloseFrame {
    let mut heartbeat = interval_at(Instant::now() + HEARTBEAT, HEARTBEAT);
    let mut alive = true;
    loop {
        let message = select! {
            () = room.closing.cancelled() => return close_frame(AWAY, "the room closes"),
            line = lines.recv() => match line {
                Ok(line) => Message::Text(line),
                Err(_) => return close_frame(POLICY, "too slow"), // it has missed lines
            },
            _ = heartbeat.tick() => {
                if !alive {
                    return close_frame(POLICY, "no answer to a ping");
                }
                alive = false;
                Message::Ping("".into())
            }
            received = socket.recv() => {
                alive = true;
                match received {
                    Some(Ok(Message::Text(line))) => {
                        let _ = room.lines.send(line); // never an error: `lines` gets it
                    }
                    Some(Ok(Message::Ping(_) | Message::Pong(_))) => {}
                    // Not text, or too long. Or the client has closed, and no longer listens.
                    _ => return close_frame(UNSUPPORTED, "only short lines of text"),
                }
                continue;
            }
        };
        let sent = timeout(SEND_TIMEOUT, socket.send(message)).await;
        if !matches!(sent, Ok(Ok(()))) {
            return close_frame(POLICY, "too slow");
        }
    }
}

fn close_frame(code: u16, reason: &'static str) -> CloseFrame {
    let reason = reason.into();
    CloseFrame { code, reason }
}

/// Sends a close frame, and reads to the one that the client answers with.
async fn close(mut socket: WebSocket, goodbye: CloseFrame) {
    let closing = async {
        let _ = socket.send(Message::Close(Some(goodbye))).await; // an error: the client was first
        while let Some(Ok(_)) = socket.recv().await {}
    };
    let _ = timeout(SEND_TIMEOUT, closing).await; // an error: it does not answer
}

// ---- Demo ----------------------------------------------------------------------------------

use anyhow::Context;
use futures::{SinkExt, StreamExt};
use tokio::net::TcpListener;
use tokio_tungstenite::connect_async;

const NAMES: [&str; 3] = ["Ada", "Bob", "Eve"];

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let room = Room::new(16);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("ws://{}/chat", listener.local_addr()?);
    let server = axum::serve(listener, room.routes());
    tokio::spawn(server.into_future());

    let mut clients = Vec::new();
    for _ in NAMES {
        let (client, _response) = connect_async(&url).await?;
        clients.push(client);
    }
    for speaker in 0..clients.len() {
        let line = format!("hello from {}", NAMES[speaker]);
        clients[speaker].send(line.into()).await?;
        for (client, name) in clients.iter_mut().zip(NAMES) {
            let line = client.next().await.context("no line")??;
            println!("{name} sees: {line}");
        }
    }

    let closing = tokio::spawn(async move { room.close().await });
    for (client, name) in clients.iter_mut().zip(NAMES) {
        // To the end: this answers the close frame as well.
        while let Some(message) = client.next().await {
            println!("{name} gets {:?}", message?);
        }
    }
    closing.await?;
    Ok(())
}
