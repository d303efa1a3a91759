//! Stop worker threads on Ctrl-C: each finishes the item in hand, and all of them are joined.
//!
//! Use it for a long job that people interrupt. Without it, Ctrl-C ends the process at once, and
//! items are left half done. Here it sets a flag, and each worker looks at the flag before it takes
//! the next item. Nothing is raised anywhere, unlike Python's `KeyboardInterrupt`.
//!
//! - A second Ctrl-C ends the process at once, in case an item takes too long.
//! - A worker that is blocked in `recv`, `read` or `sleep` does not check the flag. Let it wait on
//!   a channel that can be closed: `stop_a_thread`.
//! - For SIGTERM too, which systemd and Docker send: `cargo add ctrlc@3 -F termination`.
//! - In async code: `graceful_shutdown` and `signal_shutdown`.
//! - The command below sends the signal of Ctrl-C a second after the first line.
//!
//! Python: `except KeyboardInterrupt: stop.set()` in the main thread, with a `threading.Event`
//! Needs: `cargo add ctrlc@3`
//! Tested: `threading/tests/proof/ctrl_c_threads.rs`
//!
//! ```console
//! $ sh -c 'echo $$; exec "$@"' - cargo run -p threading --bin ctrl_c_threads | \
//!   (read pid; read line; echo "$line"; sleep 1; kill -INT $pid; cat)
//! resizing 1000 photos on 4 threads, Ctrl-C to stop
//! stopped: [..] photos are finished, none is half done
//! ```

use std::process;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};
use std::sync::{Arc, Mutex};
use std::thread;

/// Returns a flag that is set at Ctrl-C. A second Ctrl-C ends the process with status 130,
/// which is what a shell reports for SIGINT (128 + 2).
///
/// # Errors
/// If the program has called this or `ctrlc::set_handler` before, or the system refuses.
pub fn stop_at_ctrl_c() -> Result<Arc<AtomicBool>, ctrlc::Error> {
    let stop = Arc::new(AtomicBool::new(false));
    let flag = stop.clone();
    ctrlc::set_handler(move || {
        let was_set = flag.swap(true, Relaxed);
        if was_set {
            process::exit(130);
        }
    })?;
    Ok(stop)
}

/// Calls `work` with each item on a number of threads, until there are no more items or `stop` is
/// set. Items in hand are finished. Returns how many items are finished, after all threads have
/// ended.
///
/// # Panics
/// If `workers` is 0, or the system has no more threads to give. If `work` panics: after the other
/// workers have ended.
pub fn for_each_until_stopped<T>(
    items: impl Iterator<Item = T> + Send,
    workers: usize,
    stop: &AtomicBool,
    work: impl Fn(T) + Sync,
) -> usize {
    assert!(workers > 0, "without workers nothing is done");
    let items = Mutex::new(items);
    let finished = AtomicUsize::new(0);
    thread::scope(|scope| {
        for _ in 0..workers {
            scope.spawn(|| {
                // Relaxed: the flag stands for itself, and the count is read after the join.
                while !stop.load(Relaxed) {
                    let next = items.lock().unwrap().next(); // locked for this line only
                    let Some(item) = next else {
                        break;
                    };
                    work(item);
                    finished.fetch_add(1, Relaxed);
                }
            });
        }
    });
    finished.into_inner()
}

// ---- Demo ----------------------------------------------------------------------------------

use std::time::Duration;

fn main() -> Result<(), ctrlc::Error> {
    let stop = stop_at_ctrl_c()?;
    println!("resizing 1000 photos on 4 threads, Ctrl-C to stop");

    let finished = for_each_until_stopped(1..=1000, 4, &stop, resize);

    if stop.load(Relaxed) {
        println!("stopped: {finished} photos are finished, none is half done");
    } else {
        println!("all {finished} photos are finished");
    }
    Ok(())
}

/// Stands for work that must not be cut off in the middle.
fn resize(_photo: u32) {
    thread::sleep(Duration::from_millis(100));
}
