//! Lost: an HTTP client is used from two runtimes, and its connections die with the first one.
//!
//! You see: "runtime dropped the dispatch task" (`DispatchGone`), now and then, in tests that share
//! a client, or in a program that makes a runtime for each call. Python says "attached to a
//! different loop", "bound to a different event loop" or "Event loop is closed".
//! Why: a connection is a task of the runtime in which it was opened. The client keeps it for the
//! next request, from whatever runtime that comes. When the first runtime ends, the task is
//! dropped, and with it the requests that are in progress on the connection.
//! Rule: what holds connections belongs to one runtime, and is used in this one only.
//!
//! Python: a global `aiohttp.ClientSession`, and `asyncio.run` twice
//! Caught by: no lint
//! Fixed: `lost_connection_of_dead_runtime_fixed`
//! Needs: `cargo add reqwest@0.13`, `cargo add tokio@1 -F full`
//!
//! ```console
//! $ cargo run -p pitfalls --bin lost_connection_of_dead_runtime_broken -F http
//! ? 1
//! from the first runtime: ok
//! from the second runtime: runtime dropped the dispatch task
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
    while first.metrics().num_alive_tasks() > 1 {
        thread::yield_now(); // only for the demo: one task is left when the connection is back
    }

    let second = Runtime::new()?;
    // BROKEN: the connection is of the first one
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
