//! Fixed: a flag says that the value is there, and the value is.
//!
//! A load with `Acquire` that reads what a store with `Release` wrote also sees everything that the
//! storing thread did before. Both are needed, and only on the flag: the port stays `Relaxed`. On
//! x86 this costs nothing, on ARM next to nothing. For a value of any type that is set once,
//! `OnceLock` does all of this. loom runs far more orders than one machine shows, although not all
//! that the language allows.
//!
//! Python: `self.port = 8080; self.ready.set()`, with a `threading.Event`
//! Broken: `race_relaxed_publish_broken`
//! Needs: `cargo add loom@0.7`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_relaxed_publish_fixed
//! the port that a reader may see: {None, Some(8080)}
//! ```

use std::collections::BTreeSet;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};

// In your program use `std::sync::atomic`. loom's atomics have the same methods, but work only
// inside of `loom::model`.
use loom::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use loom::thread;

/// The port of a server, for threads that wait until it has started.
#[derive(Default)]
pub struct Server {
    port: AtomicU16,
    ready: AtomicBool,
}

impl Server {
    /// Announces the port.
    pub fn publish(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
        self.ready.store(true, Ordering::Release); // FIXED: the port is seen first
    }

    /// Returns the port, or `None` as long as none was announced.
    pub fn port(&self) -> Option<u16> {
        let ready = self.ready.load(Ordering::Acquire); // FIXED: both sides are needed
        if ready {
            Some(self.port.load(Ordering::Relaxed))
        } else {
            None
        }
    }
}

fn main() -> ExitCode {
    let outcomes = Arc::new(Mutex::new(BTreeSet::new()));
    let seen = outcomes.clone();
    // loom runs this once for each order that the two threads can take.
    loom::model(move || {
        let server = Arc::new(Server::default());
        let starting_server = server.clone();
        let starter = thread::spawn(move || starting_server.publish(8080));
        let port = server.port();
        starter.join().unwrap();
        seen.lock().unwrap().insert(port);
    });

    let outcomes = outcomes.lock().unwrap();
    println!("the port that a reader may see: {outcomes:?}");
    if outcomes.contains(&Some(0)) {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    }
}
