//! Fixed: a signal handler adds to an atomic, and the program logs when it holds no lock.
//!
//! One atomic addition is allowed in a handler and waits for nobody. The price: the line is in the
//! log when the program comes by `log_hangups`, and signals of one kind that come together count as
//! one. A counter wakes nobody: a program that sleeps takes its signals as values, in a thread or
//! through a pipe (`tokio::signal`, or the crate signal-hook).
//!
//! Python: `signal.signal(SIGHUP, handler)` with a handler that sets a flag.
//! Broken: `deadlock_signal_handler_broken`
//! Needs: `cargo add nix@0.31 -F signal`
//! Runs on: Linux, macOS
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_signal_handler_fixed
//! log: request, SIGHUP
//! ```

use std::ffi::c_int;
use std::io::{self, BufRead, BufReader};
use std::process::{Command, ExitCode, Stdio};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Mutex, TryLockError};
use std::time::Duration;
use std::{env, thread};

use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, raise, sigaction};

/// The lines of the log.
pub static LOG: Mutex<Vec<&str>> = Mutex::new(Vec::new());

static HANGUPS: AtomicUsize = AtomicUsize::new(0);

/// From now on each SIGHUP is counted, for `log_hangups`.
pub fn watch_hangups() -> io::Result<()> {
    let handler = SigHandler::Handler(on_hangup);
    let action = SigAction::new(handler, SaFlags::SA_RESTART, SigSet::empty());
    // SAFETY: the handler does one atomic addition, which is async-signal-safe.
    unsafe { sigaction(Signal::SIGHUP, &action) }?;
    Ok(())
}

extern "C" fn on_hangup(_: c_int) {
    HANGUPS.fetch_add(1, Relaxed); // FIXED: one step; `Relaxed`, for no other data hangs on it
}

/// Leaves a line in the log for each SIGHUP since the last call. Call it in every round of a loop.
pub fn log_hangups() {
    for _ in 0..HANGUPS.swap(0, Relaxed) {
        LOG.lock().unwrap().push("SIGHUP");
    }
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
        if ended.recv_timeout(Duration::from_secs(10)) == Err(RecvTimeoutError::Timeout) {
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
    log_hangups(); // FIXED: here we hold no lock
    println!("log: {}", LOG.lock().unwrap().join(", "));
    drop(done);
    Ok(ExitCode::SUCCESS)
}
