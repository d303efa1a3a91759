//! Fixed: the images and their rows share one pool of four threads.
//!
//! rayon's parallel iterators may be nested: a thread that waits for the rows of its image works on
//! them itself, or on those of another one. rayon's global pool, which needs no `install`, has a
//! thread for each core. A library should never make a pool of its own.
//!
//! Python: one executor for the whole program, and only one level that runs in parallel
//! Broken: `slow_oversubscribed_broken`
//! Needs: `cargo add rayon@1`
//!
//! ```console
//! $ cargo run -p pitfalls --bin slow_oversubscribed_fixed
//! 4 images, 4 cores: 4 threads
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};

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
    pool().install(|| {
        images.par_iter_mut().for_each(invert); // FIXED: one pool for all images and rows
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
