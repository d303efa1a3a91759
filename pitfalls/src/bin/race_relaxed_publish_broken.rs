//! Race: a flag says that the value is there, and the value is not.
//!
//! You see: once in a million starts, mostly on ARM, a client connects to port 0.
//! Why: `Relaxed` keeps each atomic in order with itself, not with others: a reader may see the
//! second store and not the first. An x86 core keeps stores in order and so hides it; loom runs
//! far more orders than a machine does, if not all that the language allows.
//! Rule: what announces other data is stored with `Release` and loaded with `Acquire`.
//!
//! Python: `self.port = 8080; self.ready = True`, which is right under the GIL.
//! Caught by: no lint; loom, in the program itself.
//! Fixed: `race_relaxed_publish_fixed`
//! Needs: `cargo add loom@0.7`
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_relaxed_publish_broken
//! ? 1
//! of 8 executions, 4 looked too early, 2 read port 8080, 2 read port 0
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
        self.ready.store(true, Ordering::Relaxed); // BROKEN: may be seen before the port
    }

    /// The port, or `None` as long as none was published.
    pub fn port(&self) -> Option<u16> {
        let ready = self.ready.load(Ordering::Relaxed);
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
