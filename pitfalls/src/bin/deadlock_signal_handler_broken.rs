//! Deadlock: a signal handler locks, and the code that it interrupts holds that lock.
//!
//! You see: now and then a signal freezes the program, inside `lock` or `malloc`.
//! Why: a handler runs between two instructions of some thread, on its stack. If that thread holds
//! the lock, the handler waits for code that goes on only after the handler.
//! Rule: a handler sets an atomic or writes a byte to a pipe. No lock, no allocation, no printing.
//!
//! Python: `with lock:` in a handler of `signal.signal`: it runs in the main thread, which may hold
//! `lock`
//! Caught by: no lint; parking_lot's `deadlock_detection`
//! Fixed: `deadlock_signal_handler_fixed`
//! Needs: `cargo add nix@0.31 -F signal`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_signal_handler_broken
//! ? 1
//! the request within 300ms: Err(Timeout)
//! the log: Mutex { data: "<locked>", poisoned: false, .. }
//! ```

use std::ffi::c_int;
use std::io;
use std::process::ExitCode;
use std::sync::{Mutex, mpsc};
use std::thread;
use std::time::Duration;

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

/// The lines of the log.
pub static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());

/// From now on a SIGHUP leaves a line in the log.
pub fn watch_hangups() -> io::Result<()> {
    let handler = SigHandler::Handler(on_hangup);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: not met, and that is the mistake: the handler locks, and `push` may allocate.
    unsafe { sigaction(Signal::SIGHUP, &action) }?;
    Ok(())
}

extern "C" fn on_hangup(_signal: c_int) {
    let mut log = LOG.lock().unwrap(); // BROKEN: the interrupted thread may hold the lock
    log.push("SIGHUP");
}

/// Writes a line to the log, and gets a SIGHUP meanwhile.
fn serve() {
    let mut log = LOG.lock().unwrap();
    raise(Signal::SIGHUP).unwrap(); // the handler runs here, on this thread
    log.push("request");
    drop(log);
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
