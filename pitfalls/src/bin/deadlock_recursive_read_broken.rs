//! Deadlock: a thread that holds a read lock takes a second one, and a writer has come in between.
//!
//! You see: readers hang in `RwLock::read` although nobody writes. It is rare: a writer must come
//! at that very moment.
//! Why: the writer waits for the first read to end, and the second read waits behind the writer.
//! std leaves open whether a waiting writer keeps new readers out. On Linux it does, as it does in
//! parking_lot and tokio; where it does not, writers may wait forever.
//! Rule: one read at a time in a thread. A function that is called under it takes the data (`&T`).
//!
//! Python: no `RWLock` in the standard library, and `RLock` allows a second lock in one thread
//! Caught by: no lint; parking_lot's `deadlock_detection`; shuttle, which has no queue of writers
//! and cannot show this, but panics at any second read in one thread
//! Fixed: `deadlock_recursive_read_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_recursive_read_broken
//! ? 1
//! deadlock: nobody can read the settings, and nobody can write them
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Barrier, RwLock, TryLockError};
use std::thread;
use std::time::Duration;

/// Where a server listens.
pub struct Settings {
    pub scheme: &'static str,
    pub port: u16,
}

/// Returns the address of `path` on this server.
pub fn url(settings: &RwLock<Settings>, path: &str, reading: &Barrier) -> String {
    let now = settings.read().unwrap();
    reading.wait(); // only for the demo: lets the writer begin
    while settings.try_read().is_ok() {
        thread::yield_now(); // only for the demo: until the writer keeps readers out
    }
    format!("{}://{}/{path}", now.scheme, host(settings)) // BROKEN: `host` reads again
}

/// Returns the name and the port of this server.
fn host(settings: &RwLock<Settings>) -> String {
    let now = settings.read().unwrap();
    format!("localhost:{}", now.port)
}

/// Reads the settings while another thread changes them; returns the address that it read.
pub fn read_and_write(settings: &RwLock<Settings>) -> String {
    let reading = Barrier::new(2);
    thread::scope(|s| {
        s.spawn(|| {
            reading.wait(); // only for the demo: until the reader has its first lock
            let mut now = settings.write().unwrap();
            now.scheme = "https";
            now.port = 443;
        });
        url(settings, "a", &reading)
    })
}

fn main() -> ExitCode {
    let settings = Arc::new(RwLock::new(Settings {
        scheme: "http",
        port: 80,
    }));
    let shared = settings.clone();
    let (done, result) = mpsc::channel();
    thread::spawn(move || done.send(read_and_write(&shared)).unwrap());

    let url = result.recv_timeout(Duration::from_millis(300));
    let no_read = matches!(settings.try_read(), Err(TryLockError::WouldBlock));
    let no_write = matches!(settings.try_write(), Err(TryLockError::WouldBlock));
    match url {
        Ok(_) => {
            println!("done: the address is read, and the settings are changed");
            return ExitCode::SUCCESS;
        }
        Err(RecvTimeoutError::Timeout) if no_read && no_write => {
            println!("deadlock: nobody can read the settings, and nobody can write them");
        }
        Err(error) => println!("no result: {error}"),
    }
    ExitCode::FAILURE
}
