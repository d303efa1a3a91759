//! Receive signals as values on a thread, where you may lock, allocate and print.
//!
//! Use it for a program that reads its settings again at SIGHUP, reports at SIGUSR1, or saves its
//! data at SIGTERM. A signal handler may do almost nothing: `deadlock_signal_handler`. The one of
//! signal-hook only notes the signal and wakes the thread, which calls your function.
//!
//! - Equal signals merge: those that arrive before the thread takes the first one count as one. Ask
//!   for the state of things when a signal comes, and do not count signals.
//! - From then on the signals do not end the process. After the drop they are ignored.
//! - SIGKILL and SIGSTOP cannot be received.
//! - For Ctrl-C alone: `ctrl_c_threads`. In async code: `tokio::signal`, as in `signal_shutdown`.
//! - A signalfd, on Linux, needs the signals blocked in all threads, and children that you start
//!   later inherit that. Here nothing is blocked.
//!
//! Python: `signal.signal(signal.SIGHUP, handler)`, where the handler runs in the main thread
//! Needs: `cargo add signal-hook@0.4`
//! Runs on: Linux, macOS
//! Tested: `multiprocessing/tests/proof/receive_signals.rs`
//!
//! ```console
//! $ cargo run -p multiprocessing --bin receive_signals
//! SIGHUP: read the settings again
//! SIGUSR1: report what is going on
//! SIGTERM: save the data and stop
//! ```

use std::ffi::c_int;
use std::io;
use std::thread::{self, JoinHandle};

use signal_hook::consts::FORBIDDEN;
use signal_hook::iterator::{Handle, Signals};

/// A thread that receives signals. Dropping it ends the thread.
pub struct SignalThread {
    handle: Handle,
    thread: Option<JoinHandle<()>>,
}

impl SignalThread {
    /// Calls `on_signal` for each signal that arrives, one after the other, from now on.
    ///
    /// # Errors
    /// If the system does not know a signal, or has no more threads or files to give.
    ///
    /// # Panics
    /// If one of the signals cannot be received, such as SIGKILL, SIGSTOP or SIGSEGV.
    pub fn start(
        signals: &[c_int],
        mut on_signal: impl FnMut(c_int) + Send + 'static,
    ) -> io::Result<Self> {
        for signal in signals {
            assert!(!FORBIDDEN.contains(signal), "{signal} cannot be received");
        }
        let mut signals = Signals::new(signals)?;
        let handle = signals.handle();
        let thread = thread::Builder::new().spawn(move || {
            for signal in &mut signals {
                on_signal(signal);
            }
        })?;
        Ok(Self {
            handle,
            thread: Some(thread),
        })
    }
}

impl Drop for SignalThread {
    fn drop(&mut self) {
        self.handle.close(); // ends the loop of the thread
        if let Some(thread) = self.thread.take() {
            let _ = thread.join(); // an error: `on_signal` panicked, which was printed
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::mpsc;

use signal_hook::consts::{SIGHUP, SIGTERM, SIGUSR1};
use signal_hook::low_level::raise;

fn main() -> io::Result<()> {
    let (sender, received) = mpsc::sync_channel(16);
    let _thread = SignalThread::start(&[SIGHUP, SIGUSR1, SIGTERM], move |signal| {
        let _ = sender.send(signal); // an error: main has ended
    })?;

    for signal in [SIGHUP, SIGUSR1, SIGTERM] {
        raise(signal)?; // stands for `kill -HUP` and so on, from another process
        match received.recv().expect("the thread runs") {
            SIGHUP => println!("SIGHUP: read the settings again"),
            SIGUSR1 => println!("SIGUSR1: report what is going on"),
            SIGTERM => println!("SIGTERM: save the data and stop"),
            other => println!("signal {other}"),
        }
    }
    Ok(())
}
