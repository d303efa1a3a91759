//! Deadlock: a signal handler locks, and the code that it interrupted holds that lock.
//!
//! You see: now and then a signal freezes the program, inside `lock` or `malloc`.
//! Why: a handler runs between two instructions of some thread, on its stack. If that thread
//! holds the lock, the handler waits for code that goes on only after the handler.
//! Rule: a handler sets an atomic or writes a byte to a pipe. No lock, no allocation, no printing.
//!
//! Python: `with lock:` in a `signal.signal` handler: it runs in the main thread, which may hold
//! `lock`.
//! Caught by: no lint; parking_lot's `deadlock_detection`.
//! Fixed: `deadlock_signal_handler_fixed`
//! Needs: `cargo add nix@0.31 -F signal`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_signal_handler_broken
//! ? 1
//! deadlock: the code that SIGHUP interrupted holds the lock, and its handler waits for it
//! ```

use std::ffi::c_int;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, TryLockError};
use std::time::Duration;
use std::{env, thread};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};

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

extern "C" fn on_hangup(_: c_int) {
    LOG.lock().unwrap().push("SIGHUP"); // BROKEN: this thread may hold the lock already
}

// Only for the demo from here on.

fn main() -> io::Result<ExitCode> {
    if env::args().nth(1).as_deref() == Some("serve") {
        return serve();
    }
    // What may hang is a child.
    let mut child = Command::new(env::current_exe()?)
        .arg("serve")
        .stdout(Stdio::piped())
        .spawn()?;
    let mut report = String::new();
    BufReader::new(child.stdout.take().expect("piped")).read_line(&mut report)?;
    print!("{report}");
    if !report.starts_with("log:") {
        child.kill()?;
    }
    Ok(if child.wait()?.success() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// The child: gets a signal while it writes to its log. Prints one line in any case.
fn serve() -> io::Result<ExitCode> {
    let (done, ended) = mpsc::channel::<()>();
    thread::spawn(move || {
        if ended.recv_timeout(Duration::from_millis(300)) == Err(RecvTimeoutError::Timeout) {
            match LOG.try_lock() {
                Err(TryLockError::WouldBlock) => println!(
                    "deadlock: the code that SIGHUP interrupted holds the lock, and its handler waits for it"
                ),
                other => println!("stuck, with the log {other:?}"),
            }
        }
    });
    watch_hangups()?;
    let mut log = LOG.lock().unwrap();
    raise(Signal::SIGHUP)?; // the handler runs here, with `log` in our hand
    log.push("request");
    drop(log);
    println!("log: {}", LOG.lock().unwrap().join(", "));
    drop(done);
    Ok(ExitCode::SUCCESS)
}
