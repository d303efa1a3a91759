//! Fixed: a flag says that the value is there, and the value is.
//!
//! A load with `Acquire` that reads what a store with `Release` wrote sees all that the storing
//! thread did before. Both are needed, and on the flag only: the port stays `Relaxed`. On x86
//! this costs nothing, on ARM next to nothing. Where one writer and many readers need more than
//! a number, `OnceLock` does all this, with any type.
//!
//! Python: `self.port = 8080; self.ready.set()`, with a `threading.Event`.
//! Broken: `race_relaxed_publish_broken`
//! Needs: `cargo add loom@0.7`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_relaxed_publish_fixed
//! of 6 executions, 4 looked too early, 2 read port 8080, 0 read port 0
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Mutex};

// In your program: `std::sync::atomic`. loom's have the same methods, and run in its models only.
use loom::sync::atomic::{AtomicBool, AtomicU16, Ordering};
use loom::thread;

/// Where a server listens, for the threads that wait for it.
#[derive(Default)]
pub struct Server {
    port: AtomicU16,
    ready: AtomicBool,
}

impl Server {
    /// Tells everybody the port.
    pub fn publish(&self, port: u16) {
        self.port.store(port, Ordering::Relaxed);
        self.ready.store(true, Ordering::Release); // FIXED: who sees this sees the port
    }

    /// The port, or `None` as long as none was published.
    pub fn port(&self) -> Option<u16> {
        let ready = self.ready.load(Ordering::Acquire); // FIXED: both sides are needed
        ready.then(|| self.port.load(Ordering::Relaxed))
    }
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let seen = Arc::new(Mutex::new(Vec::new()));
    let reads = seen.clone();
    loom::model(move || {
        let server = Arc::new(Server::default());
        let starting = server.clone();
        let starter = thread::spawn(move || starting.publish(8080));
        reads.lock().unwrap().push(server.port());
        starter.join().unwrap();
    });
    let seen = seen.lock().unwrap();
    let count = |port| seen.iter().filter(|&&read| read == port).count();
    let (early, right, wrong) = (count(None), count(Some(8080)), count(Some(0)));
    println!(
        "of {} executions, {early} looked too early, {right} read port 8080, {wrong} read port 0",
        seen.len()
    );
    if right > 0 && early + right == seen.len() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
