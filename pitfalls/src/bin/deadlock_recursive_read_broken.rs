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
//! the address within 300ms: Err(Timeout)
//! the settings: RwLock { data: <locked>, poisoned: false, .. }
//! ```

use std::process::ExitCode;
use std::sync::{Arc, Barrier, RwLock, mpsc};
use std::thread;
use std::time::Duration;

/// How long `main` waits before it gives up.
const LIMIT: Duration = Duration::from_millis(300);

static READING: Barrier = Barrier::new(2); // only for the demo: see `url`

/// Where a server listens.
#[derive(Debug)]
pub struct Settings {
    pub scheme: &'static str,
    pub port: u16,
}

/// Returns the address of `path` on this server.
pub fn url(settings: &RwLock<Settings>, path: &str) -> String {
    let now = settings.read().unwrap();
    READING.wait(); // only for the demo: lets the writer begin
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
    thread::scope(|scope| {
        scope.spawn(|| {
            READING.wait(); // only for the demo: until the reader has its first lock
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
