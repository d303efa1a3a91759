//! A TCP server with a thread for each connection, a limit on them, and a stop that ends them all.
//!
//! Use it for hundreds of connections and code that blocks; for thousands, have a task for each, as
//! `tcp_proxy` does. At the limit the server does not accept: the next client waits in the system's
//! queue. Dropping the `Server` shuts the sockets down, so waiting reads and writes get an end or
//! an error at once, whatever the client does or does not send; then it joins all threads. Nothing
//! portable ends a waiting `accept`, so it connects to its own port for that. A handler that panics
//! ends its connection and no other. A client that sends nothing for a minute loses its place.
//!
//! Python: `socketserver.ThreadingTCPServer`; its `shutdown` leaves the open connections be, and
//! `server_close` waits for them.
//! Copy: `Server`, `Shared`, `Connections`, `echo` and `MOMENT`, with their impls.
//! Needs: `cargo add clap@4 -F derive`
//!
//! ```console
//! $ cargo run -p threading --bin tcp_echo_threads
//! 20 clients, at most 8 at once: 20 echoed, 8 at once
//! stopped with 8 inside, 1 outside: 9 saw the end, 0 handlers left
//!
//! $ cargo run -p threading --bin tcp_echo_threads -- --clients 3 --limit 1
//! 3 clients, at most 1 at once: 3 echoed, 1 at once
//! stopped with 1 inside, 1 outside: 2 saw the end, 0 handlers left
//!
//! $ cargo run -p threading --bin tcp_echo_threads -- --limit 0
//! ? 2
//! error: invalid value '0' for '--limit <N>': number would be zero for non-zero type
//! ...
//! ```

use std::collections::HashMap;
use std::io::{self, Read, Write};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, Shutdown, SocketAddr, TcpListener, TcpStream};
use std::num::{NonZeroU8, NonZeroUsize};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use clap::Parser;

/// A running server. Dropping it stops it: nobody is accepted any more, the open connections are
/// shut down, and their handlers are waited for, as long as they do other than read and write.
pub struct Server {
    address: SocketAddr,
    shared: Arc<Shared>,
    accepting: Option<JoinHandle<()>>,
}

struct Shared {
    open: Mutex<Connections>,
    left_or_stopped: Condvar,
}

type Connections = Option<HashMap<u64, Arc<TcpStream>>>; // `None`: stopped

impl Server {
    /// Accepts connections on `listener`, at most `limit` at once, and calls `handle` on each in a
    /// thread of its own. The connection is closed when `handle` returns or panics.
    pub fn start(
        listener: TcpListener,
        limit: NonZeroUsize,
        handle: impl Fn(&TcpStream) + Send + Sync + 'static,
    ) -> io::Result<Self> {
        let mut address = listener.local_addr()?;
        let loopback: [IpAddr; 2] = [Ipv4Addr::LOCALHOST.into(), Ipv6Addr::LOCALHOST.into()];
        if address.ip().is_unspecified() {
            address.set_ip(loopback[usize::from(address.is_ipv6())]); // `drop` connects to it
        }
        let open = Mutex::new(Some(HashMap::new()));
        let shared = Arc::new(Shared {
            open,
            left_or_stopped: Condvar::new(),
        });
        let server = shared.clone();
        let accept = move || server.accept(listener, limit.get(), handle);
        let accepting = Some(
            thread::Builder::new()
                .name("accept".to_owned())
                .spawn(accept)?,
        );
        Ok(Self {
            address,
            shared,
            accepting,
        })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let open = self.shared.open.lock().unwrap().take(); // nothing panics under this lock
        for connection in open.into_iter().flat_map(HashMap::into_values) {
            let _ = connection.shutdown(Shutdown::Both); // an error: the client has gone before
        }
        self.shared.left_or_stopped.notify_all();
        let Some(thread) = self.accepting.take() else {
            return;
        };
        // Wakes `accept`. Fails if the process is out of files, until a handler has returned.
        while !thread.is_finished() && TcpStream::connect_timeout(&self.address, MOMENT).is_err() {
            thread::sleep(MOMENT);
        }
        let _ = thread.join(); // never an error: the panics of handlers are caught
    }
}

const MOMENT: Duration = Duration::from_millis(20);

impl Shared {
    fn accept(&self, listener: TcpListener, limit: usize, handle: impl Fn(&TcpStream) + Sync) {
        let handle = &handle;
        thread::scope(|s| {
            let listener = listener; // closed before the handlers are waited for
            for id in 0.. {
                let open = self.open.lock().unwrap();
                let full = |open: &mut Connections| open.as_ref().is_some_and(|o| o.len() >= limit);
                drop(self.left_or_stopped.wait_while(open, full).unwrap());
                let accepted = listener.accept();
                let mut open = self.open.lock().unwrap();
                let Some(connections) = &mut *open else { break };
                let started = accepted.and_then(|(connection, _)| {
                    let connection = Arc::new(connection);
                    connections.insert(id, connection.clone());
                    thread::Builder::new().spawn_scoped(s, move || {
                        let _ = catch_unwind(AssertUnwindSafe(|| handle(&connection)));
                        self.leave(id);
                    })
                });
                drop(open);
                if let Err(error) = started {
                    let _ = writeln!(io::stderr(), "no connection: {error}");
                    self.leave(id);
                    thread::sleep(MOMENT); // out of files or threads: wait for some to come free
                }
            }
        });
    }

    fn leave(&self, id: u64) {
        self.open
            .lock()
            .unwrap()
            .as_mut()
            .and_then(|open| open.remove(&id));
        self.left_or_stopped.notify_all();
    }
}

/// Sends back what arrives, until the client ends, or neither sends nor reads for a minute.
pub fn echo(mut connection: &TcpStream) -> io::Result<u64> {
    connection.set_read_timeout(Some(Duration::from_secs(60)))?;
    connection.set_write_timeout(Some(Duration::from_secs(60)))?;
    io::copy(&mut &*connection, &mut connection)
}

// Only for the demo from here on.

#[derive(Parser)]
struct Args {
    /// How many clients come
    #[arg(long, value_name = "N", default_value_t = 20)]
    clients: u8,

    /// How many connections the server has at once
    #[arg(long, value_name = "N", default_value = "8")]
    limit: NonZeroU8,
}

static INSIDE: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

fn main() -> io::Result<ExitCode> {
    let Args { clients, limit } = Args::parse();
    let (clients, seats) = (usize::from(clients), usize::from(limit.get()));
    let bind = || TcpListener::bind("127.0.0.1:0");
    let idle = Server::start(bind()?, limit.into(), |_| ())?; // nobody comes
    let server = Server::start(bind()?, limit.into(), move |connection| {
        MOST.fetch_max(INSIDE.fetch_add(1, Relaxed) + 1, Relaxed);
        wait_until(|| MOST.load(Relaxed) >= clients.min(seats));
        let _ = echo(connection); // an error: the client has gone, or the server stops
        thread::sleep(MOMENT); // a stop that does not wait would be seen
        INSIDE.fetch_sub(1, Relaxed);
    })?;
    let connect = || TcpStream::connect(server.address);

    let hears_itself = || {
        let mut connection = connect()?;
        connection.write_all(b"hello")?;
        connection.shutdown(Shutdown::Write)?;
        io::read_to_string(connection)
    };
    let echoed = thread::scope(|s| {
        let threads: Vec<_> = (0..clients).map(|_| s.spawn(hears_itself)).collect();
        let heard = threads
            .into_iter()
            .flat_map(|thread| thread.join().expect("no panic"));
        heard.filter(|heard| heard == "hello").count()
    });
    let most = MOST.load(Relaxed);
    println!("{clients} clients, at most {limit} at once: {echoed} echoed, {most} at once");

    // One more than there is room for: the last one waits outside.
    let silent = (0..=seats)
        .map(|_| connect())
        .collect::<io::Result<Vec<_>>>()?;
    wait_until(|| INSIDE.load(Relaxed) == seats);
    let inside = INSIDE.load(Relaxed);
    let stop = thread::spawn(move || drop((server, idle)));
    wait_until(|| stop.is_finished());
    let left = INSIDE.load(Relaxed);
    if !stop.is_finished() || left > 0 {
        println!("not stopped: {left} handlers left");
        return Ok(ExitCode::FAILURE);
    }
    // An error is an end too: who waited outside may see a reset.
    let told = silent
        .into_iter()
        .filter(|mut it| it.read(&mut [0]).unwrap_or(0) == 0)
        .count();
    println!("stopped with {inside} inside, 1 outside: {told} saw the end, {left} handlers left");
    let held = (echoed, most, inside, told) == (clients, clients.min(seats), seats, seats + 1);
    Ok(if held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn wait_until(is_true: impl Fn() -> bool) {
    let start = Instant::now();
    while !is_true() && start.elapsed() < Duration::from_secs(5) {
        thread::sleep(Duration::from_millis(1));
    }
}
