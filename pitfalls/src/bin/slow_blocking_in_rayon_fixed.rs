//! Fixed: the downloads wait on threads of their own, and the pool is free to compute.
//!
//! A thread that waits costs some memory and no core. For more than a few hundred waits at once use
//! tokio; a pool of N threads for blocking calls is `blocking_calls_thread_pool`. What a download
//! returns goes to rayon afterwards (`io_cpu_pipeline`).
//!
//! Python: a `ThreadPoolExecutor` for requests, another executor to compute
//! Broken: `slow_blocking_in_rayon_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_blocking_in_rayon_fixed
//! computed while 2 downloads wait: true
//! ```

use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::mpsc;
use std::thread;
use std::time::Duration;

use rayon::{ThreadPool, ThreadPoolBuilder};

/// How long `main` waits for the computation.
const PATIENCE: Duration = Duration::from_secs(10);

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
            // FIXED: this thread waits, and the pool is free
            scope.spawn(|| download(server));
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
