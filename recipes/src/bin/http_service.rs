//! Serve HTTP with timeouts for slow clients, and stop gracefully: axum and hyper.
//!
//! Use it as the start of a web service. Each connection has a task, so a slow request holds up no
//! other. `axum::serve` is shorter, but has no timeout: a few hundred clients that never finish a
//! request use up all connections. `serve` calls hyper itself, which limits the time for the head
//! of a request, and adds layers of `tower-http` for what follows.
//!
//! - A request that takes too long is answered with 408, and its handler is dropped where it
//!   awaits. One that computes or blocks cannot be stopped, and holds up others: `to_thread`,
//!   `cpu_offload_rayon`.
//! - A client that does not read a long answer keeps its connection. The `tokio-io-timeout` crate
//!   adds a timeout for writing.
//! - TLS and HTTP/2: a reverse proxy in front of it, or the `axum-server` crate.
//! - This server accepts no websockets: `websocket_chat`.
//! - Stop at SIGTERM, which is what systemd, Docker and Kubernetes send: `signal_shutdown`.
//!
//! Python: `aiohttp.web`, FastAPI with uvicorn, sanic or tornado
//! Needs: `cargo add axum@0.8 tracing@0.1`,
//! `cargo add hyper-util@0.1 -F server-auto,server-graceful,service,tokio`,
//! `cargo add tokio@1 -F macros,net,rt,time`, `cargo add tokio-util@0.7`,
//! `cargo add tower-http@0.6 -F limit,timeout`
//! Demo needs: `cargo add anyhow@1 reqwest@0.13`, `cargo add clap@4 -F derive`,
//! `cargo add tokio@1 -F full`
//! Tested: `recipes/tests/proof/http_service.rs`
//!
//! ```console
//! $ cargo run -p recipes --bin http_service
//! stopping, with a request in progress
//! 200 OK: after 1 s
//! stopped, 0 connections cut off
//!
//! $ cargo run -p recipes --bin http_service -- --listen localhost
//! ? 2
//! error: invalid value 'localhost' for '--listen <ADDRESS>': invalid socket address syntax
//! ...
//! ```

use std::time::Duration;

use axum::Router;
use axum::http::StatusCode;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use tokio::net::TcpListener;
use tokio::select;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use tower_http::limit::RequestBodyLimitLayer;
use tower_http::timeout::TimeoutLayer;

/// How long the head of a request may take, and how long a connection may be idle before it.
pub const HEAD_TIMEOUT: Duration = Duration::from_secs(10);

/// How long the rest of a request may take, until its answer begins.
pub const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);

/// The largest body of a request, in bytes.
pub const MAX_BODY: usize = 1 << 20;

/// Serves `routes` until `stop` is canceled, then waits for the requests in progress, at most for
/// `grace`. Returns how many connections were still open then, and cut off. Dropping the future
/// cuts off all of them.
pub async fn serve(
    listener: TcpListener,
    routes: Router,
    stop: CancellationToken,
    grace: Duration,
) -> usize {
    let too_slow = StatusCode::REQUEST_TIMEOUT;
    let time_limit = TimeoutLayer::with_status_code(too_slow, REQUEST_TIMEOUT);
    let size_limit = RequestBodyLimitLayer::new(MAX_BODY);
    let routes = routes.layer(time_limit).layer(size_limit);
    let service = TowerToHyperService::new(routes);

    let mut http = Builder::new(TokioExecutor::new());
    http.http1().timer(TokioTimer::new());
    http.http1().header_read_timeout(HEAD_TIMEOUT);
    // HTTP/1 only: to find out the version, it would wait for the first bytes without a timeout.
    let http = http.http1_only();

    let graceful = GracefulShutdown::new();
    let mut connections = JoinSet::new();
    loop {
        let accepted = select! {
            accepted = listener.accept() => accepted,
            Some(_ended) = connections.join_next() => continue,
            () = stop.cancelled() => break,
        };
        match accepted {
            Ok((stream, _address)) => {
                let stream = TokioIo::new(stream);
                let connection = http.serve_connection(stream, service.clone());
                let connection = connection.into_owned();
                connections.spawn(graceful.watch(connection));
            }
            Err(error) => {
                // Out of file handles, for example. They come back as connections end.
                tracing::warn!("accept: {error}");
                sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop(listener); // new connections are refused from here on
    let all_ended = async {
        graceful.shutdown().await;
        while connections.join_next().await.is_some() {}
    };
    let _ = timeout(grace, all_ended).await; // an error: some are still open
    connections.len()
}

// ---- Demo ----------------------------------------------------------------------------------

use std::net::SocketAddr;
use std::process;

use axum::extract::Path;
use axum::routing::get;
use clap::Parser;
use reqwest::Client;
use tokio::join;
use tokio::signal::ctrl_c;
use tokio::sync::Notify;

#[derive(Parser)]
struct Args {
    /// Where to serve, until Ctrl-C [default: a demo with a client in this process]
    #[arg(long, value_name = "ADDRESS")]
    listen: Option<SocketAddr>,
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args = Args::parse();
    let any_port = SocketAddr::from(([127, 0, 0, 1], 0));
    let listener = TcpListener::bind(args.listen.unwrap_or(any_port)).await?;
    let address = listener.local_addr()?;
    let routes = Router::new()
        .route("/", get(async || "hello"))
        .route("/slow/{seconds}", get(slow));
    let stop = CancellationToken::new();
    let server = serve(listener, routes, stop.clone(), Duration::from_secs(10));
    let server = tokio::spawn(server);

    if args.listen.is_some() {
        // In this order: it listens for Ctrl-C, and then says so.
        let (interrupted, ()) = join! {
            biased;
            ctrl_c(),
            async { println!("http://{address}") },
        };
        interrupted?;
        stop.cancel();
    } else {
        demo(address, stop).await?;
    }
    select! {
        cut_off = server => println!("stopped, {} connections cut off", cut_off?),
        _ = ctrl_c() => process::exit(130), // the second one
    }
    Ok(())
}

static SLOW_REQUEST: Notify = Notify::const_new();

async fn slow(Path(seconds): Path<u64>) -> String {
    SLOW_REQUEST.notify_one();
    sleep(Duration::from_secs(seconds)).await;
    format!("after {seconds} s")
}

/// Asks for a page, and stops the server before it has the answer.
async fn demo(address: SocketAddr, stop: CancellationToken) -> anyhow::Result<()> {
    let client = Client::builder().no_proxy().build()?;
    let request = client.get(format!("http://{address}/slow/1"));
    let request = tokio::spawn(request.send());
    SLOW_REQUEST.notified().await;
    println!("stopping, with a request in progress");
    stop.cancel();

    let response = request.await??;
    println!("{}: {}", response.status(), response.text().await?);
    Ok(())
}
