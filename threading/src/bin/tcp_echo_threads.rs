//! Serve TCP clients with a thread for each connection, and stop them all cleanly.
//!
//! Use it for up to a few hundred connections and code that blocks. `serve` accepts connections
//! until `stop` is set. Then it closes its port and shuts the open connections down, so that every
//! read or write that waits returns at once. When `serve` returns, no thread is left.
//!
//! - `accept` cannot be interrupted, so the listener is set to non-blocking. A hundred times a
//!   second, `serve` checks whether a client has come and whether `stop` is set.
//! - "Too many open files (os error 24)": every connection is an open file, and `ulimit -n` limits
//!   their number. `serve` reports the error on stderr and lets new clients wait until a file is
//!   free. It can still be stopped. To stay below the limit: `semaphore_limit`.
//! - A client that sends nothing keeps its thread. `set_read_timeout` ends that.
//! - For thousands of connections, use a task for each: `tcp_echo`.
//!
//! Python: `socketserver.ThreadingTCPServer`, whose `shutdown` leaves open connections alone
//! Needs: nothing
//! Tested: `threading/tests/proof/tcp_echo_threads.rs`
//!
//! ```console
//! $ cargo run -p threading --bin tcp_echo_threads
//! 20 clients: 20 echoed
//! stopped while they were connected: 20 saw the end
//! ```

use std::io::{self, ErrorKind};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering::Relaxed};
use std::sync::{Arc, Weak};
use std::thread;
use std::time::Duration;

/// Accepts connections until `stop` is set, and calls `handle` with each on a thread of its own. A
/// connection is closed when its `handle` returns.
///
/// After `stop`, reads from a connection return 0 (behind data that has already arrived) and writes
/// fail. This returns when every `handle`
/// has returned.
///
/// # Errors
/// If the listener cannot be used at all. Later errors are written to stderr.
///
/// # Panics
/// If a `handle` panicked, after `stop` and when all the others have returned.
pub fn serve(
    listener: TcpListener,
    stop: &AtomicBool,
    handle: impl Fn(&TcpStream) + Sync,
) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let handle = &handle;
    // Each connection is owned by its thread alone. These weak references are for the shutdown.
    let mut connections: Vec<Weak<TcpStream>> = Vec::new();

    thread::scope(move |scope| {
        // Relaxed: nothing else is passed on with the flag.
        while !stop.load(Relaxed) {
            let stream = match accept(&listener) {
                Ok(stream) => Arc::new(stream),
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    // Nobody is there.
                    thread::sleep(Duration::from_millis(10));
                    continue;
                }
                Err(error) => {
                    // Out of files, for example. They come back as connections end.
                    eprintln!("accept: {error}");
                    thread::sleep(Duration::from_millis(100));
                    continue;
                }
            };
            connections.retain(|connection| connection.strong_count() > 0);
            connections.push(Arc::downgrade(&stream));
            let thread = thread::Builder::new();
            let spawned = thread.spawn_scoped(scope, move || handle(&stream));
            if let Err(error) = spawned {
                eprintln!("no thread for a connection, which is closed: {error}");
            }
        }

        drop(listener); // new clients are refused from here on
        for connection in connections {
            if let Some(stream) = connection.upgrade() {
                let _ = stream.shutdown(Shutdown::Both); // an error: it is closed already
            }
        }
        // The scope waits for the threads.
    });
    Ok(())
}

/// Takes the next client, and makes its connection blocking: on some systems it is as the listener.
fn accept(listener: &TcpListener) -> io::Result<TcpStream> {
    let (stream, _address) = listener.accept()?;
    stream.set_nonblocking(false)?;
    Ok(stream)
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::{Read, Write};
use std::net::SocketAddr;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let stop = AtomicBool::new(false);

    thread::scope(|scope| {
        let server = scope.spawn(|| serve(listener, &stop, echo));
        let clients = say_hello_and_stay(address, 20);
        stop.store(true, Relaxed);
        server.join().expect("no handler panics")?;

        let clients = clients?;
        println!("20 clients: {} echoed", clients.len());
        let mut ended = 0;
        for mut client in clients {
            if client.read(&mut [0])? == 0 {
                ended += 1;
            }
        }
        println!("stopped while they were connected: {ended} saw the end");
        Ok(())
    })
}

/// Sends back what arrives, until the client or the server ends the connection.
fn echo(connection: &TcpStream) {
    let mut reader = connection;
    let mut writer = connection;
    let _ = io::copy(&mut reader, &mut writer); // an error: the client has hung up
}

/// Connects `count` clients, which all get an answer and stay connected.
fn say_hello_and_stay(address: SocketAddr, count: usize) -> io::Result<Vec<TcpStream>> {
    let mut clients = Vec::new();
    for _ in 0..count {
        let mut client = TcpStream::connect(address)?;
        client.write_all(b"hello")?;
        let mut answer = [0; 5];
        client.read_exact(&mut answer)?;
        assert_eq!(&answer, b"hello");
        clients.push(client);
    }
    Ok(clients)
}
