//! A fork server: a small process, forked before any thread, that forks workers for the others.
//!
//! Use it when children must be cheap to start, with data that is loaded once, and your program has
//! threads. A process with threads must not fork. The server has none: it waits for requests, and
//! forks a worker for each. A request carries one end of a socket pair; the other end is yours.
//!
//! - Start it first in `main`. What is in memory by then, every worker has without loading it.
//! - The workers are children of the server. If a worker dies, you see the end of its stream.
//! - If your program ends, even by SIGKILL, the server ends as well, and each worker sees the end
//!   of its stream. If the server dies, `connect` fails, and the workers go on.
//! - A worker must not hang: nobody kills it. A dead one stays a zombie until the next request.
//! - With no data to share, `process_pool` is easier: it starts new programs, without `unsafe`.
//!
//! Python: `set_start_method("forkserver")`, the default on Linux since Python 3.14
//! Needs: `cargo add nix@0.31 -F process,socket,uio`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/fork_server.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin fork_server
//! main is process [..], and has 3 more threads
//! worker [..], forked by [..], has 9592 primes
//! worker [..], forked by [..], has 9592 primes
//! worker [..], forked by [..], has 9592 primes
//! ```

use std::io::{self, IoSlice, IoSliceMut};
use std::net::Shutdown;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::net::UnixStream;
use std::panic::{AssertUnwindSafe, catch_unwind};

use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{ForkResult, Pid, fork};
use nix::{cmsg_space, libc};

/// A process that forks workers. Dropping this value ends it; workers that run finish their work.
pub struct ForkServer {
    pid: Pid,
    requests: UnixStream,
}

impl ForkServer {
    /// Forks the server. Each worker will call `work` with its end of the stream.
    ///
    /// # Errors
    /// If the system does not fork, or make the sockets.
    ///
    /// # Safety
    /// No other thread may run in this process.
    pub unsafe fn start(work: impl Fn(UnixStream)) -> io::Result<Self> {
        let (ours, theirs) = UnixStream::pair()?;
        // SAFETY: no other thread runs, as the caller has promised, so the child may do everything.
        let process = unsafe { fork() }?;
        match process {
            ForkResult::Parent { child } => Ok(Self {
                pid: child,
                requests: ours,
            }),
            ForkResult::Child => {
                drop(ours); // or the server would never see its end
                exit_after(|| serve(theirs, work))
            }
        }
    }

    /// Starts a worker, and returns a stream to it.
    ///
    /// # Errors
    /// If the server has died, or the system does not make the sockets.
    pub fn connect(&self) -> io::Result<UnixStream> {
        let (ours, theirs) = UnixStream::pair()?;
        let descriptors = [theirs.as_raw_fd()];
        let attached = [ControlMessage::ScmRights(&descriptors)];
        let byte = [IoSlice::new(b"w")]; // a descriptor does not travel alone
        let requests = self.requests.as_raw_fd();
        sendmsg::<()>(requests, &byte, &attached, MsgFlags::empty(), None)?;
        Ok(ours)
    }
}

impl Drop for ForkServer {
    fn drop(&mut self) {
        let _ = self.requests.shutdown(Shutdown::Both); // an error: the server has died
        let _ = waitpid(self.pid, None); // an error: somebody else has waited for it
    }
}

/// What the server does: forks a worker for each request, until the other side has ended.
fn serve(requests: UnixStream, work: impl Fn(UnixStream)) {
    while let Ok(Some(stream)) = receive_stream(&requests) {
        // SAFETY: the server starts no threads, and `work` runs in its children only.
        match unsafe { fork() } {
            Ok(ForkResult::Child) => {
                drop(requests); // it belongs to the server
                exit_after(|| work(stream))
            }
            Ok(ForkResult::Parent { .. }) => {}
            Err(error) => eprintln!("fork: {error}"), // the stream ends here
        }
        reap_workers();
    }
}

/// Waits for a request, and returns the stream that came with it; `None` at the end.
fn receive_stream(requests: &UnixStream) -> io::Result<Option<UnixStream>> {
    let mut byte = [0];
    let mut buffer = [IoSliceMut::new(&mut byte)];
    let mut space = cmsg_space!(RawFd);
    let requests = requests.as_raw_fd();
    let flags = MsgFlags::empty();
    let message = recvmsg::<()>(requests, &mut buffer, Some(&mut space), flags)?;
    for attached in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(descriptors) = attached {
            // SAFETY: the system has just made this descriptor for us, so nobody else owns it.
            let stream = unsafe { OwnedFd::from_raw_fd(descriptors[0]) };
            // Unlike the original, the copy is not inherited by programs that the worker starts.
            let stream = UnixStream::from(stream).try_clone()?;
            return Ok(Some(stream));
        }
    }
    Ok(None)
}

/// Waits for those workers that have ended already, so that they do not stay zombies.
fn reap_workers() {
    let mut ended = waitpid(None, Some(WaitPidFlag::WNOHANG));
    while ended.is_ok_and(|status| status != WaitStatus::StillAlive) {
        ended = waitpid(None, Some(WaitPidFlag::WNOHANG));
    }
}

/// Ends this process, which is a copy of another, after `work`. A panic gives the exit code 101.
fn exit_after(work: impl FnOnce()) -> ! {
    let code = match catch_unwind(AssertUnwindSafe(work)) {
        Ok(()) => 0,
        Err(_) => 101, // the panic has been printed
    };
    // SAFETY: it ends this process at once, and nothing here is needed after that.
    unsafe { libc::_exit(code) }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::io::Write;
use std::os::unix::process::parent_id;
use std::process;
use std::thread;

fn main() -> io::Result<()> {
    let primes = primes_below(100_000); // computed once, for all workers
    // SAFETY: no thread has been started yet.
    let server = unsafe { ForkServer::start(|stream| answer(stream, &primes)) }?;

    println!("main is process {}, and has 3 more threads", process::id());
    thread::scope(|scope| {
        let threads = [(); 3].map(|()| scope.spawn(|| ask(&server)));
        for thread in threads {
            let answer = thread.join().expect("asking does not panic")?;
            println!("{answer}");
        }
        Ok(())
    })
}

/// Starts a worker, and returns what it says.
fn ask(server: &ForkServer) -> io::Result<String> {
    let stream = server.connect()?;
    io::read_to_string(stream)
}

/// What a worker does.
fn answer(mut stream: UnixStream, primes: &[u32]) {
    let worker = process::id();
    let server = parent_id();
    let count = primes.len();
    write!(
        stream,
        "worker {worker}, forked by {server}, has {count} primes"
    )
    .expect("somebody reads it");
}

fn primes_below(limit: u32) -> Vec<u32> {
    let mut primes = Vec::new();
    for n in 2..limit {
        if (2..=n.isqrt()).all(|divisor| !n.is_multiple_of(divisor)) {
            primes.push(n);
        }
    }
    primes
}
