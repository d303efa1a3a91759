//! Build an event loop: a map of the pending sockets, and of who to call back.
//!
//! Read it to see how one thread serves many sockets. `epoll` is the system call of Linux that
//! waits for all of them at once. The loop asks it which sockets are ready, takes their callbacks
//! out of the map, and calls them. A callback reads or writes without waiting, and registers the
//! next callback.
//!
//! - A callback must not block: all other sockets wait meanwhile.
//! - The error of a callback closes its own socket only.
//! - `async` writes the callbacks for you: the code after an `.await` is one. What the loop calls
//!   is a waker, which puts the task into a queue: `mini_executor`.
//! - For real work: tokio. For an event loop alone, on every system: the crates `mio` and
//!   `polling`.
//!
//! Python: `selector.register(socket, EVENT_READ, callback)`, and what asyncio's loop does inside
//! Needs: `cargo add nix@0.31 -F event`
//! Runs on: Linux
//! Tested: `asyncio/tests/proof/epoll_event_loop.rs`
//!
//! ```console
//! $ cargo run -p asyncio --bin epoll_event_loop
//! 20 clients at once, all answered by one thread
//! ```

use std::collections::HashMap;
use std::io;
use std::os::fd::{AsFd, AsRawFd};

use nix::errno::Errno;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};

/// Waits for sockets and calls back, on the thread that calls `run`.
pub struct EventLoop {
    epoll: Epoll,
    /// Who to call back, by the number of the socket's descriptor.
    pending: HashMap<u64, Callback>,
}

type Callback = Box<dyn FnOnce(&mut EventLoop) -> io::Result<()>>;

impl EventLoop {
    /// # Errors
    /// If the process has no descriptor left.
    pub fn new() -> io::Result<Self> {
        let epoll = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        let pending = HashMap::new();
        Ok(Self { epoll, pending })
    }

    /// Calls `callback` once, with the socket, when one of `events` has happened: `EPOLLIN` if
    /// there is something to read or accept, `EPOLLOUT` if there is room to write.
    ///
    /// # Errors
    /// If epoll refuses the socket.
    pub fn register<S: AsFd + 'static>(
        &mut self,
        socket: S,
        events: EpollFlags,
        callback: impl FnOnce(&mut Self, S) -> io::Result<()> + 'static,
    ) -> io::Result<()> {
        let key = socket.as_fd().as_raw_fd() as u64;
        self.epoll.add(&socket, EpollEvent::new(events, key))?;
        let call_back = move |event_loop: &mut Self| {
            event_loop.epoll.delete(&socket)?;
            callback(event_loop, socket)
        };
        self.pending.insert(key, Box::new(call_back));
        Ok(())
    }

    /// Runs until no socket is waited for. The error of a callback goes to stderr; its socket has
    /// been closed then, and the others are served on.
    ///
    /// # Errors
    /// If epoll fails.
    pub fn run(&mut self) -> io::Result<()> {
        let mut events = [EpollEvent::empty(); 64];
        while !self.pending.is_empty() {
            let count = match self.epoll.wait(&mut events, EpollTimeout::NONE) {
                Ok(count) => count,
                Err(Errno::EINTR) => continue, // a signal came
                Err(error) => return Err(error.into()),
            };
            for event in &events[..count] {
                let callback = self.pending.remove(&event.data());
                let callback = callback.expect("each event is that of a pending socket");
                if let Err(error) = callback(self) {
                    eprintln!("a callback failed: {error}");
                }
            }
        }
        Ok(())
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;

const CLIENTS: usize = 20;

fn main() -> io::Result<()> {
    let listener = TcpListener::bind("127.0.0.1:0")?;
    let address = listener.local_addr()?;
    let clients = thread::spawn(move || run_clients(address));

    let mut event_loop = EventLoop::new()?;
    accept(&mut event_loop, listener, CLIENTS)?;
    event_loop.run()?; // until all clients have hung up

    clients.join().unwrap()?;
    println!("{CLIENTS} clients at once, all answered by one thread");
    Ok(())
}

/// Waits for a client, and then for the others.
fn accept(event_loop: &mut EventLoop, listener: TcpListener, clients: usize) -> io::Result<()> {
    if clients == 0 {
        return Ok(());
    }
    event_loop.register(
        listener,
        EpollFlags::EPOLLIN,
        move |event_loop, listener| {
            let (socket, _) = listener.accept()?;
            socket.set_nonblocking(true)?;
            event_loop.register(socket, EpollFlags::EPOLLIN, echo)?;
            accept(event_loop, listener, clients - 1)
        },
    )
}

fn echo(event_loop: &mut EventLoop, mut socket: TcpStream) -> io::Result<()> {
    let mut buffer = [0; 1024];
    let length = socket.read(&mut buffer)?;
    if length == 0 {
        return Ok(()); // the client has hung up
    }
    // Fails if there is no room because the client does not read: it is disconnected then.
    socket.write_all(&buffer[..length])?;
    event_loop.register(socket, EpollFlags::EPOLLIN, echo)
}

/// Connects all clients before the first one talks.
fn run_clients(address: SocketAddr) -> io::Result<()> {
    let mut clients = Vec::new();
    for _ in 0..CLIENTS {
        clients.push(TcpStream::connect(address)?);
    }
    for client in clients.iter_mut().rev() {
        let mut answer = [0; 5];
        client.write_all(b"hello")?;
        client.read_exact(&mut answer)?;
        assert_eq!(&answer, b"hello");
    }
    Ok(())
}
