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
//! the request within 10s: Ok(())
//! the log: Mutex { data: ["request", "SIGHUP"], poisoned: false, .. }
//! ```

use std::ffi::c_int;
use std::io;
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

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
    let (sender, receiver) = mpsc::channel();
    thread::spawn(move || {
        serve();
        sender.send(()).unwrap();
    });

    let ended = receiver.recv_timeout(LIMIT);
    println!("the request within {LIMIT:?}: {ended:?}");
    println!("the log: {LOG:?}");
    if ended.is_ok() {
        Ok(ExitCode::SUCCESS)
    } else {
        Ok(ExitCode::FAILURE)
    }
}
