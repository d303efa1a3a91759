//! Deadlock: a function that reads calls one that reads, and a writer comes in between.
//!
//! You see: readers hang although nobody is writing. Rare: only when somebody saves new settings.
//! Why: a writer that waits for a `RwLock` keeps new readers out, or it might wait forever. So the
//! second read waits behind the writer, and the writer for the first read to end. Here the first
//! read goes on until the writer has queued.
//! Rule: one read at a time in a thread. What is called under it takes the data (`&T`).
//!
//! Python: no `RWLock` in the standard library, and `RLock` allows a second lock in one thread.
//! Caught by: no lint; parking_lot's `deadlock_detection`; shuttle, which has no queue of writers
//! and cannot show this, but panics at any second read in one thread.
//! Fixed: `deadlock_recursive_read_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_recursive_read_broken
//! ? 1
//! deadlock: nobody can read the settings, and nobody can write them:
//! the reader waits behind the writer, and the writer for the reader
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, RwLock, TryLockError};
use std::thread;
use std::time::Duration;

/// Where a server listens: changed as a whole, under one lock.
pub struct Settings {
    pub scheme: &'static str,
    pub port: u16,
}

/// The address of `path` on this server, by the settings of one moment.
pub fn url(settings: &RwLock<Settings>, path: &str, moment: impl FnOnce()) -> String {
    let now = settings.read().unwrap();
    moment(); // only for the demo: a writer has queued
    format!("{}://{}/{path}", now.scheme, host(settings)) // BROKEN: `host` reads again
}

/// The name and port of this server.
pub fn host(settings: &RwLock<Settings>) -> String {
    format!("localhost:{}", settings.read().unwrap().port)
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let settings = Arc::new(RwLock::new(Settings {
        scheme: "http",
        port: 80,
    }));
    let (done, urls) = mpsc::channel();
    let shared = settings.clone();
    thread::spawn(move || done.send(read_and_write(&shared)));
    let url = urls.recv_timeout(Duration::from_millis(300));
    let no_read = matches!(settings.try_read(), Err(TryLockError::WouldBlock));
    let no_write = matches!(settings.try_write(), Err(TryLockError::WouldBlock));
    match url {
        Ok(url) if url == "http://localhost:80/a" || url == "https://localhost:443/a" => {
            println!("done: the address is of one moment, and the settings are changed");
            return ExitCode::SUCCESS;
        }
        Err(RecvTimeoutError::Timeout) if no_read && no_write => {
            println!("deadlock: nobody can read the settings, and nobody can write them:");
            println!("the reader waits behind the writer, and the writer for the reader");
        }
        _ => {}
    }
    ExitCode::FAILURE
}

/// Reads the settings on one thread and changes them on another; returns the address read.
pub fn read_and_write(settings: &RwLock<Settings>) -> String {
    let (tell, reader_is_inside) = mpsc::channel();
    thread::scope(|s| {
        s.spawn(move || {
            reader_is_inside.recv().unwrap(); // only for the demo: not before it reads
            *settings.write().unwrap() = Settings {
                scheme: "https",
                port: 443,
            };
        });
        // only for the demo: goes on once the writer has queued, and so keeps readers out
        url(settings, "a", move || {
            tell.send(()).unwrap();
            while settings.try_read().is_ok() {
                thread::yield_now();
            }
        })
    })
}
