//! Fixed: a signal handler adds to an atomic, and the program logs when it holds no lock.
//!
//! An atomic addition is allowed in a handler, and waits for nobody. The price: the line is in the
//! log only when the program calls `log_hangups`, and equal signals that come together count as
//! one. A counter wakes nobody: a program that sleeps gets its signals in a thread or through a
//! pipe (`tokio::signal`, the crate signal-hook): see `receive_signals`.
//!
//! Python: `signal.signal(SIGHUP, handler)` with a handler that only sets a flag
//! Broken: `deadlock_signal_handler_broken`
//! Needs: `cargo add nix@0.31 -F signal`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_signal_handler_fixed
//! log: request, SIGHUP
//! ```

use std::ffi::c_int;
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, TryLockError};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};

/// The lines of the log.
pub static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// How many SIGHUPs are not in the log yet.
static HANGUPS: AtomicUsize = AtomicUsize::new(0);

/// From now on each SIGHUP is counted, for `log_hangups`.
pub fn watch_hangups() -> io::Result<()> {
    let handler = SigHandler::Handler(on_hangup);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does one atomic addition, which is async-signal-safe.
    unsafe { sigaction(Signal::SIGHUP, &action) }?;
    Ok(())
}

extern "C" fn on_hangup(_signal: c_int) {
    // FIXED: one step that waits for nobody; `Relaxed`, as no other data depends on it
    HANGUPS.fetch_add(1, Relaxed);
}

/// Writes a line to the log for each SIGHUP since the last call. Call it in every round of a loop.
pub fn log_hangups() {
    let mut log = LOG.lock().unwrap();
    for _ in 0..HANGUPS.swap(0, Relaxed) {
        log.push("SIGHUP");
    }
}

/// Writes a line to the log, and gets a SIGHUP meanwhile.
fn serve() {
    let mut log = LOG.lock().unwrap();
    raise(Signal::SIGHUP).unwrap(); // the handler runs here, on this thread
    log.push("request");
    drop(log);
    log_hangups(); // FIXED: no lock is held here
}

fn main() -> io::Result<ExitCode> {
    watch_hangups()?;
    let (done, served) = mpsc::channel();
    thread::spawn(move || {
        serve();
        done.send(()).unwrap();
    });

    let served = served.recv_timeout(Duration::from_secs(10));
    let locked = matches!(LOG.try_lock(), Err(TryLockError::WouldBlock));
    match served {
        Ok(()) => {
            let log = LOG.lock().unwrap();
            println!("log: {}", log.join(", "));
            return Ok(ExitCode::SUCCESS);
        }
        Err(RecvTimeoutError::Timeout) if locked => {
            println!("deadlock: the handler waits for the thread that it interrupted");
        }
        Err(error) => println!("no result: {error}"),
    }
    Ok(ExitCode::FAILURE)
}
