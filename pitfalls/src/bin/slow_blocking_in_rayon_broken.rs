//! Slow: downloads wait on the threads of rayon's pool, and a computation finds none of them free.
//!
//! You see: all computations stand still while some requests are slow, and no core is busy.
//! Why: rayon has a thread for each core, and a thread that waits for a socket, a lock or a file
//! does nothing else. As many waits as there are cores stop the whole pool.
//! Rule: rayon is for what computes; what waits gets threads of its own, or tokio.
//!
//! Python: slow requests in the `ProcessPoolExecutor` that others use to compute
//! Caught by: no lint
//! Fixed: `slow_blocking_in_rayon_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_blocking_in_rayon_broken
//! ? 1
//! computed while 2 downloads wait: false
//! ```

use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// How long `main` waits for the computation.
const PATIENCE: Duration = Duration::from_millis(300);

/// Stands for a download: it waits for `server`.
fn download(server: &Barrier) {
    server.wait(); // it has begun
    server.wait(); // the answer is there
}

/// Computes while two downloads wait. Returns whether it has ended before them.
pub fn compute_meanwhile(pool: &ThreadPool, server: &Barrier) -> bool {
    let (sender, receiver) = mpsc::channel();
    thread::scope(|scope| {
        for _page in 0..2 {
            // BROKEN: takes a thread of the pool
            scope.spawn(|| pool.install(|| download(server)));
        }
        server.wait(); // both have begun
        pool.spawn(move || sender.send(1 + 1).unwrap());
        let computed = receiver.recv_timeout(PATIENCE).is_ok();
        server.wait();
        computed
    })
}

fn main() -> ExitCode {
    let pool = ThreadPoolBuilder::new().num_threads(2).build().unwrap();
    let server = Barrier::new(3);
    let computed = compute_meanwhile(&pool, &server);
    println!("computed while 2 downloads wait: {computed}");
    if computed {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
