//! Race: a flag says that the value is there, and the value is not.
//!
//! You see: rarely, and mostly on ARM (Apple M1, AWS Graviton), a client connects to port 0.
//! Why: with `Relaxed` each atomic is in order with itself only, so a reader may see the second
//! store and not the first. An x86 core keeps stores in order, which mostly hides the mistake. loom
//! runs far more orders than one machine shows, although not all that the language allows.
//! Rule: what announces other data is stored with `Release` and loaded with `Acquire`.
//!
//! Python: `self.port = 8080; self.ready = True`, which is right under the GIL
//! Caught by: no lint; loom, in the program itself
//! Fixed: `race_relaxed_publish_fixed`
//! Needs: `cargo add loom@0.7`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_relaxed_publish_broken
//! ? 1
//! the port that a reader may see: {None, Some(0), Some(8080)}
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
        self.ready.store(true, Ordering::Relaxed); // BROKEN: may be seen before the port
    }

    /// Returns the port, or `None` as long as none was announced.
    pub fn port(&self) -> Option<u16> {
        let ready = self.ready.load(Ordering::Relaxed); // BROKEN: this side as well
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
