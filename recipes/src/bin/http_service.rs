//! Serve HTTP and websockets, and stop gracefully: what runs is finished, websockets are told.
//!
//! Use it as the start of a service. axum runs each connection in a task, so a slow request holds
//! up nobody as long as it waits and does not block. `with_graceful_shutdown` closes the listener
//! and waits for the requests that run, but it knows nothing of websockets: they have left HTTP,
//! and their tasks would die with the process. So each holds a token of a tracker, watches the stop
//! itself, and says goodbye (1001, going away). One deadline is for all of it: a client that is
//! stuck must not keep the old version alive.
//! The first Ctrl-C stops it, the second ends the process. The same for other work, and for
//! SIGTERM: `graceful_shutdown`.
//!
//! Python: `aiohttp.web`, sanic or tornado; in aiohttp, too, `on_shutdown` has to close each of
//! the websockets.
//! Needs: `cargo add axum@0.8 -F ws`, `cargo add tokio-tungstenite@0.29`,
//! `cargo add anyhow@1 futures@0.3 reqwest@0.13`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`, `cargo add tokio-util@0.7 -F rt`
//!
//! ```console
//! $ cargo run -p recipes --bin http_service -F websocket
//! GET /: 200 "hello"
//! GET /delay/10: 200 "10 ms later"
//! GET /delay/soon: 400
//! GET /nowhere: 404
//! websocket: "to and fro"
//! after the stop: request: 200 "after the stop"; websocket: "the server stops"; next client: refused
//! the server waits for the websocket to say goodbye
//! all ended in time
//!
//! $ cargo run -p recipes --bin http_service -F websocket -- --stuck --grace 1000
//! ? 1
//! GET /: 200 "hello"
//! GET /delay/10: 200 "10 ms later"
//! GET /delay/soon: 400
//! GET /nowhere: 404
//! websocket: "to and fro"
//! after the stop: request: none; websocket: "the server stops"; next client: refused
//! the server waits for the websocket to say goodbye
//! not all ended in time
//!
//! $ cargo run -p recipes --bin http_service -F websocket -- --listen localhost
//! ? 2
//! error: invalid value 'localhost' for '--listen <ADDRESS>': invalid socket address syntax
//! ```

use std::io::{self, Write, stdout};
use std::net::SocketAddr;
use std::{future::pending, process::exit, time::Duration};

use anyhow::{Context, Result, bail};
use axum::extract::ws::{CloseFrame, Message, WebSocket, WebSocketUpgrade, close_code};
use axum::extract::{Path, State};
use axum::{Router, response::Response, routing::any, routing::get};
use clap::Parser;
use futures::{FutureExt, SinkExt, StreamExt, TryFutureExt};
use reqwest::Client;
use tokio::net::{TcpListener, TcpStream};
use tokio::{select, signal::ctrl_c, sync::Notify, time::sleep, time::timeout};
use tokio_tungstenite::client_async;
use tokio_util::{sync::CancellationToken, task::TaskTracker};

/// What every handler may use. A clone is the same service.
#[derive(Clone, Default)]
pub struct Service {
    /// Cancel it to stop the service.
    pub stop: CancellationToken,
    sockets: TaskTracker,
}

/// Serves `routes` until `service.stop` is canceled, then until all requests and websockets have
/// ended, at most for `grace`. Returns whether all have; what is left ends with the runtime.
/// Dropped half-way, it closes the listener; what runs goes on, and still sees `service.stop`.
pub async fn serve(
    service: Service,
    routes: Router,
    listener: TcpListener,
    grace: Duration,
) -> io::Result<bool> {
    let Service { stop, sockets } = service;
    let server = axum::serve(listener, routes);
    let server = server
        .with_graceful_shutdown(stop.clone().cancelled_owned())
        .into_future();
    let all = server.then(async |served| {
        sockets.close();
        sockets.wait().await;
        served
    });
    let deadline = stop.cancelled().then(|()| sleep(grace));
    select! {
        biased; // what ends with the deadline has not missed it
        served = all => served.map(|()| true),
        () = deadline => Ok(false),
    }
}

/// The routes: a greeting, an answer that takes its time, and an echo over a websocket.
pub fn routes(service: Service) -> Router {
    Router::new()
        .route("/", get(async || "hello"))
        .route("/delay/{ms}", get(delay))
        .route("/echo", any(echo))
        .with_state(service)
}

/// A path that is no number is a 400, which axum sees to. At most 10 s.
async fn delay(Path(ms): Path<u16>) -> String {
    let ms = ms.min(10_000);
    sleep(Duration::from_millis(ms.into())).await;
    format!("{ms} ms later")
}

async fn echo(State(service): State<Service>, upgrade: WebSocketUpgrade) -> Response {
    // Taken here, while the request still counts: between the two nothing may go unseen.
    let token = service.sockets.token();
    // The defaults are 64 MiB, and 16 MiB for a frame, which is in memory before it is a message.
    let upgrade = upgrade.max_message_size(64 << 10).max_frame_size(64 << 10);
    upgrade.on_upgrade(async move |mut socket| {
        let _token = token; // until the end
        if service
            .stop
            .run_until_cancelled(repeat(&mut socket))
            .await
            .is_none()
        {
            let bye = CloseFrame {
                code: close_code::AWAY,
                reason: "the server stops".into(),
            };
            let _ = socket.send(Message::Close(Some(bye))).await; // or it is gone already
            while let Some(Ok(_)) = socket.recv().await {} // until the client closes as well
        }
    })
}

/// Sends back what comes, until the client closes or the connection breaks.
async fn repeat(socket: &mut WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let back = matches!(message, Message::Text(_) | Message::Binary(_)); // no pings
        if back && socket.send(message).await.is_err() {
            break;
        }
    }
}

/// Serves HTTP and websockets.
#[derive(Parser)]
struct Args {
    /// Serve here until Ctrl-C [default: a demo with clients in this process]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
    /// How long what runs may take after the stop
    #[arg(long, value_name = "MS", default_value_t = 10_000)]
    grace: u64,
    /// The demo has a request that never ends
    #[arg(long)]
    stuck: bool,
}

#[tokio::main]
async fn main() -> Result<()> {
    let args = Args::try_parse().unwrap_or_else(|wrong| match wrong.to_string().lines().next() {
        Some(line) if wrong.use_stderr() => {
            eprintln!("{line}"); // without the usage
            exit(2)
        }
        _ => wrong.exit(), // --help
    });
    let (service, grace) = (Service::default(), Duration::from_millis(args.grace));
    let Some(address) = args.listen else {
        exit(i32::from(!demo(service, grace, args.stuck).await?));
    };
    let listener = TcpListener::bind(address).await.unwrap_or_else(|error| {
        eprintln!("error: {address}: {error}");
        exit(2)
    });
    writeln!(stdout(), "http://{}", listener.local_addr()?)?;
    let stop = service.stop.clone();
    tokio::spawn(
        ctrl_c()
            .map(move |_| stop.cancel())
            .then(|()| ctrl_c())
            .map(|_| exit(130)),
    );
    exit(i32::from(
        !serve(service.clone(), routes(service), listener, grace).await?,
    ))
}

static BEGUN: Notify = Notify::const_new();

async fn demo(service: Service, grace: Duration, stuck: bool) -> Result<bool> {
    let (mut out, stop, stopped) = (stdout(), service.stop.clone(), service.stop.clone());
    let held = async move || {
        BEGUN.notify_one();
        stopped.cancelled().await;
        if stuck {
            pending().await
        } else {
            "after the stop"
        }
    };
    let routes = routes(service.clone()).route("/held", get(held));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    let server = tokio::spawn(serve(service, routes, listener, grace));
    let client = Client::builder().no_proxy().build()?; // whatever http_proxy says: it is in here
    let ask = move |path: &str| {
        let answer = client.get(format!("http://{address}/{path}")).send();
        answer.and_then(async |answer| {
            Ok(match answer.status().as_u16() {
                200 => format!("200 {:?}", answer.text().await?),
                other => other.to_string(),
            })
        })
    };
    for path in ["", "delay/10", "delay/soon", "nowhere"] {
        writeln!(out, "GET /{path}: {}", ask(path).await?)?;
    }
    let stream = TcpStream::connect(address).await?;
    let (mut socket, _) = client_async(format!("ws://{address}/echo"), stream).await?;
    socket.send("to and fro".into()).await?;
    writeln!(
        out,
        "websocket: {:?}",
        socket.next().await.context("no echo")??.to_text()?
    )?;

    let held = tokio::spawn(ask("held"));
    timeout(Duration::from_secs(2), BEGUN.notified()).await?; // a request is at work
    stop.cancel();
    let bye = timeout(Duration::from_secs(10), socket.next())
        .await?
        .context("no goodbye")??;
    sleep(Duration::from_millis(100)).await; // a server that does not wait has ended by then
    let waits = if server.is_finished() {
        "does not wait"
    } else {
        "waits"
    };
    let None = socket.next().await else {
        bail!("more after the goodbye")
    }; // this answers it
    let late = async { while TcpStream::connect(address).await.is_ok() {} };
    let late = timeout(Duration::from_secs(2), late)
        .await
        .map_or("served", |()| "refused");
    let done = server.await??;
    let held = if done {
        held.await??
    } else {
        "none".to_owned()
    };
    let text = bye.to_text()?;
    writeln!(
        out,
        "after the stop: request: {held}; websocket: {text:?}; next client: {late}"
    )?;
    writeln!(out, "the server {waits} for the websocket to say goodbye")?;
    writeln!(
        out,
        "{}",
        if done {
            "all ended in time"
        } else {
            "not all ended in time"
        }
    )?;
    Ok(done && bye.is_close() && late == "refused" && waits == "waits")
}
