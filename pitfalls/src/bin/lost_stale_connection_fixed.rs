//! Fixed: the client drops a connection before it has been idle for as long as the server allows.
//!
//! The next request opens a new connection. 4 s are right for most servers, which close after 5 s
//! (Node, uvicorn), 60 s (load balancers) or 75 s (nginx). It makes the error rare, not impossible:
//! for a POST that must not get lost, send an idempotency key and repeat it (`fanout_retry`).
//!
//! Python: a `urllib3.Retry` that includes POST, with an idempotency key
//! Broken: `lost_stale_connection_broken`
//! Needs: `cargo add reqwest@0.13`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_stale_connection_fixed -F http
//! POST: 200 OK
//! POST: 200 OK
//! ```

use std::error::Error;
use std::io;
use std::process::ExitCode;
use std::time::Duration;

use reqwest::{Client, ClientBuilder};
use tokio::io::{AsyncBufReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::sleep;

/// Prepares a client for a server that keeps idle connections for 50 ms.
pub fn client() -> ClientBuilder {
    // FIXED: less than the server
    Client::builder().pool_idle_timeout(Duration::from_millis(20))
}

/// Answers one request, and closes when another one is on its way: after 50 ms, in this demo.
async fn serve(connection: TcpStream) -> io::Result<()> {
    let mut connection = BufReader::new(connection);
    let mut line = String::new();
    while line != "\r\n" {
        line.clear();
        connection.read_line(&mut line).await?;
    }
    let answer = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    connection.write_all(answer).await?;
    connection.read_line(&mut line).await?;
    Ok(())
}

#[tokio::main]
async fn main() -> Result<ExitCode, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let url = format!("http://{}/orders", listener.local_addr()?);
    tokio::spawn(async move {
        while let Ok((connection, _)) = listener.accept().await {
            tokio::spawn(serve(connection));
        }
    });

    let client = client().no_proxy().build()?;
    let mut failed = false;
    for _order in 0..2 {
        match client.post(&url).send().await {
            Ok(response) => println!("POST: {}", response.status()),
            Err(error) => {
                println!("POST: {}", root_cause(&error));
                failed = true;
            }
        }
        sleep(Duration::from_millis(50)).await;
    }
    if !failed {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}

fn root_cause(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => root_cause(cause),
        None => error.to_string(),
    }
}
