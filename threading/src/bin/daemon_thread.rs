//! See what dies when `main` returns: every thread that nobody has joined.
//!
//! A `JoinHandle` that is dropped detaches its thread. When `main` returns, the process ends and
//! takes all detached threads with it, whatever they are doing. No destructor of theirs runs, so
//! files stay half-written. To wait for a thread, keep its handle and `join` it.
//!
//! - The default is the reverse of Python's, where the program waits for every thread that is not a
//!   daemon.
//! - An early return with `?` or a panic in `main` skips the `join`. `thread::scope` joins in those
//!   cases too (`scoped_threads`), and so does a struct that owns its thread
//!   (`worker_stops_on_drop`).
//! - `process::exit` ends all threads at once, joined or not.
//!
//! Python: `Thread(target=f, daemon=True)`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p threading --bin daemon_thread
//! detached: started
//! joined: started
//! joined: finished
//! joined: cleaned up
//! main returns
//! ```

use std::sync::mpsc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

fn main() {
    let detached = start_work("detached", Duration::from_secs(3600));
    let joined = start_work("joined", Duration::from_millis(100));

    drop(detached); // from here on, nobody can wait for this thread
    joined.join().expect("the thread does not panic");
    println!("main returns");
}

/// Starts a thread that works for so long, and waits until it has begun.
fn start_work(name: &'static str, time: Duration) -> JoinHandle<()> {
    let (begin, begun) = mpsc::sync_channel(1);
    let thread = thread::spawn(move || {
        let _clean_up = CleanUp { name };
        println!("{name}: started");
        begin.send(()).expect("`start_work` waits for it");
        thread::sleep(time);
        println!("{name}: finished");
    });
    begun.recv().expect("the thread begins");
    thread
}

/// Stands for a destructor that matters: of a temporary file, a lock, a connection.
struct CleanUp {
    name: &'static str,
}

impl Drop for CleanUp {
    fn drop(&mut self) {
        println!("{}: cleaned up", self.name);
    }
}
