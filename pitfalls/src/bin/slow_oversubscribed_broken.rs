//! Slow: each of four threads makes a pool of four threads, so sixteen want to compute at once.
//!
//! You see: more threads than cores, all of them busy, and the job is slower than with one pool; on
//! a server with 64 cores there are 4096 threads.
//! Why: a pool with a thread for each core is right once. Each call that makes its own multiplies
//! them, and the system has to switch between them all the time. That is oversubscription.
//! Rule: one pool for the whole program; what is nested uses the same one.
//!
//! Python: a `ProcessPoolExecutor` around NumPy, whose BLAS has threads of its own:
//! `OMP_NUM_THREADS=1`
//! Caught by: no lint
//! Fixed: `slow_oversubscribed_fixed`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_oversubscribed_broken
//! ? 1
//! 4 images, 4 cores: 16 threads
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::thread;

use rayon::prelude::*;
use rayon::{ThreadPool, ThreadPoolBuilder};

type Image = Vec<Vec<u8>>;

/// How many threads have been made to compute.
static THREADS: AtomicUsize = AtomicUsize::new(0);

/// Makes a pool with a thread for each of four cores.
pub fn pool() -> ThreadPool {
    let builder = ThreadPoolBuilder::new().num_threads(4);
    let pool = builder.build().expect("there is room for four threads");
    pool.broadcast(|_thread| THREADS.fetch_add(1, Relaxed)); // each of its threads, once
    pool
}

/// Inverts the images, all at once.
pub fn invert_all(images: &mut [Image]) {
    thread::scope(|scope| {
        for image in images {
            // BROKEN: a pool for each image
            scope.spawn(|| pool().install(|| invert(image)));
        }
    });
}

fn invert(image: &mut Image) {
    image.par_iter_mut().for_each(|row| {
        for pixel in row {
            *pixel = 255 - *pixel;
        }
    });
}

fn main() -> ExitCode {
    let black: Image = vec![vec![0; 100]; 100];
    let mut images = vec![black; 4];
    invert_all(&mut images);
    assert_eq!(images[3][99][99], 255);

    let threads = THREADS.load(Relaxed);
    println!("4 images, 4 cores: {threads} threads");
    if threads == 4 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
