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
//! the address within 10s: Ok("http[..]")
//! the settings: RwLock { data: Settings { scheme: "https", port: 443 }, poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, RwLock, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_secs(10);

/// Where a server listens.
#[derive(Debug)]
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
    thread::scope(|scope| {
        scope.spawn(|| {
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
    let (sender, receiver) = mpsc::channel();
    let shared = Arc::clone(&settings);
    thread::spawn(move || {
        let url = read_and_write(&shared);
        sender.send(url).unwrap();
    });

    let url = receiver.recv_timeout(LIMIT);
    println!("the address within {LIMIT:?}: {url:?}");
    println!("the settings: {settings:?}");
    if url.is_ok() {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
