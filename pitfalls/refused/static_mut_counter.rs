//! Refused: a global counter is a `static mut`.
//!
//! Any thread may be at the same variable, and nothing in its type keeps them apart: a data race,
//! which is undefined behavior. The compiler cannot rule it out, so every use asks for `unsafe`.
//!
//! Python: `global hits` and `hits += size(page)`; two threads read the same number, one is lost.
//! Error: `error[E0133]: use of mutable static is unsafe and requires unsafe block`
//! Instead: `static HITS: AtomicU64 = AtomicU64::new(0);` and `HITS.fetch_add(1, Relaxed)`. Not an
//! `unsafe` block: it would compile, and lose hits.
//! Needs: nothing

use std::thread;

static mut HITS: u64 = 0;

fn main() {
    let workers = [1, 2].map(|_| {
        thread::spawn(|| {
            HITS += 1; // REFUSED: E0133
        })
    });
    for worker in workers {
        worker.join().unwrap();
    }
}
