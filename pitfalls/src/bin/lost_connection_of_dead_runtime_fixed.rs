//! Fixed: each runtime has a client of its own, so no connection outlives its runtime.
//!
//! In tests, where `#[tokio::test]` makes a runtime for each one, make the client in the test. A
//! program needs one runtime only, and one client in it: where blocking code calls async code again
//! and again, keep the runtime in a `LazyLock` and use its `block_on`.
//!
//! Python: one `asyncio.run` for all of it, and the session inside
//! Broken: `lost_connection_of_dead_runtime_broken`
//! Needs: `cargo add reqwest@0.13`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_connection_of_dead_runtime_fixed -F http
//! from the first runtime: ok
//! from the second runtime: ok
//! ```

use std::error::Error;
use std::io::{self, BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::process::ExitCode;
use std::sync::Barrier;
use std::thread;

use reqwest::Client;
use tokio::runtime::Runtime;

/// Makes a client with a pool of connections.
fn new_client() -> reqwest::Result<Client> {
    let builder = Client::builder().pool_idle_timeout(None); // keeps what is open
    builder.no_proxy().build()
}

/// Fetches a page.
///
/// # Errors
/// If the request fails.
pub async fn fetch(client: Client, url: String) -> reqwest::Result<String> {
    let response = client.get(url).send().await?;
    response.text().await
}

/// Where the server and `main` meet: the slow request has come, and it may be answered.
static SLOW: Barrier = Barrier::new(2);

/// Answers the requests on a connection. The slow ones wait for `main`.
fn serve(connection: TcpStream) -> io::Result<()> {
    let mut answers = connection.try_clone()?;
    let mut slow = false;
    for line in BufReader::new(connection).lines() {
        let line = line?;
        if line.starts_with("GET /slow") {
            slow = true;
        }
        if line.is_empty() {
            if slow {
                SLOW.wait();
                SLOW.wait();
            }
            answers.write_all(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")?;
        }
    }
    Ok(())
}

fn main() -> Result<ExitCode, Box<dyn Error>> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let page = format!("http://{}/", listener.local_addr()?);
    let slow_page = format!("{page}slow");
    thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            thread::spawn(|| serve(connection));
        }
    });

    let first = Runtime::new()?;
    let client = new_client()?;
    let text = first.block_on(fetch(client.clone(), page))?;
    println!("from the first runtime: {text}");

    let second = Runtime::new()?;
    let client = new_client()?; // FIXED: a client for this runtime
    let slow = second.spawn(fetch(client, slow_page));
    SLOW.wait(); // the server has the request
    drop(first);
    SLOW.wait();
    match second.block_on(slow)? {
        Ok(text) => {
            println!("from the second runtime: {text}");
            Ok(ExitCode::SUCCESS)
        }
        Err(error) => {
            println!("from the second runtime: {}", root_cause(&error));
            Ok(ExitCode::FAILURE)
        }
    }
}

fn root_cause(error: &dyn Error) -> String {
    match error.source() {
        Some(cause) => root_cause(cause),
        None => error.to_string(),
    }
}
