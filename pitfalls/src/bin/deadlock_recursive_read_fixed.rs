//! Fixed: a function that holds a read lock passes on what it has read, so nobody reads twice.
//!
//! `host` takes `&Settings` and cannot lock at all. One read also means one moment: with two, a
//! writer in between could give "http" with port 443. parking_lot's `read_recursive` allows a
//! second read, and may keep writers waiting. To hold no lock while you work, see `config_reload`.
//!
//! Python: pass the settings on, and not the lock
//! Broken: `deadlock_recursive_read_broken`
//! Needs: nothing
//! Tested: `models/tests/deadlocks.rs`
//!
//! ```console
//! $ cargo run -p pitfalls --bin deadlock_recursive_read_fixed
//! done: the address is read, and the settings are changed
//! ```

use std::process::ExitCode;
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, RwLock, TryLockError};
use std::thread;
use std::time::Duration;

/// Where a server listens.
pub struct Settings {
    pub scheme: &'static str,
    pub port: u16,
}

/// Returns the address of `path` on this server.
pub fn url(settings: &RwLock<Settings>, path: &str) -> String {
    let now = settings.read().unwrap();
    format!("{}://{}/{path}", now.scheme, host(&now)) // FIXED: passes on what it has read
}

/// Returns the name and the port of this server.
fn host(now: &Settings) -> String {
    format!("localhost:{}", now.port)
}

/// Reads the settings while another thread changes them; returns the address that it read.
pub fn read_and_write(settings: &RwLock<Settings>) -> String {
    thread::scope(|s| {
        s.spawn(|| {
            let mut now = settings.write().unwrap();
            now.scheme = "https";
            now.port = 443;
        });
        url(settings, "a")
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

    let url = result.recv_timeout(Duration::from_secs(10));
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
