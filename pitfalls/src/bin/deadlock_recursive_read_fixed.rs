//! Fixed: the function that reads hands on what it has read, so nobody reads twice.
//!
//! `host` takes `&Settings` and cannot lock at all. One read also means one moment: with two, a
//! writer in between could give `http` with port 443. parking_lot's `read_recursive` allows the
//! second read, and may keep writers waiting. To hold no lock at work, see `config_reload`.
//!
//! Python: pass the settings on, rather than the lock and the settings.
//! Broken: `deadlock_recursive_read_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_recursive_read_fixed
//! done: the address is of one moment, and the settings are changed
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
pub fn url(settings: &RwLock<Settings>, path: &str) -> String {
    let now = settings.read().unwrap();
    format!("{}://{}/{path}", now.scheme, host(&now)) // FIXED: hands on what it has read
}

/// The name and port of this server.
pub fn host(now: &Settings) -> String {
    format!("localhost:{}", now.port)
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
    let url = urls.recv_timeout(Duration::from_secs(10));
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
    thread::scope(|s| {
        s.spawn(move || {
            *settings.write().unwrap() = Settings {
                scheme: "https",
                port: 443,
            };
        });
        url(settings, "a")
    })
}
