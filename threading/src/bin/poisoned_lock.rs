//! Handle a poisoned lock: what a panic leaves behind in a `Mutex`, and what to do about it.
//!
//! A thread that panics while it holds a lock may leave the data half changed. So the lock is
//! poisoned: from then on, `lock` returns a `PoisonError` to everyone. The data is inside, and
//! `into_inner` takes it out. `lock_or_repair` puts the data in order first, and clears the poison.
//!
//! - Most programs should let it panic: `lock().unwrap()`. You see
//!   ``called `Result::unwrap()` on an `Err` value: PoisonError { .. }``. The cause is the panic
//!   printed before it.
//! - Repair only what you can compute again, as the total of a cart. If any change leaves the data
//!   valid, as in a counter, `into_inner` alone is enough. Otherwise the next thread goes on with
//!   half a change: `lost_invariant_after_panic`.
//! - The locks of tokio and of `parking_lot` are not poisoned: the next thread gets what is there.
//! - An `RwLock` is poisoned by a writer that panics, and not by a reader.
//!
//! Python: `with lock:` releases the lock on an exception, and the next thread goes on
//! Needs: nothing
//! Tested: `threading/tests/proof/poisoned_lock.rs`
//!
//! ```console
//! $ cargo run -p threading --bin poisoned_lock
//!
//! thread '<unnamed>' ([..]) panicked at threading/src/bin/poisoned_lock.rs:[..]
//! out of paper
//! note: run with `RUST_BACKTRACE=1` environment variable to display a backtrace
//! poisoned lock: another task failed inside
//! found: prices [10, 5], total 10
//! repaired: prices [10, 5], total 15
//! ```

use std::sync::{Mutex, MutexGuard};

/// Locks `mutex`. If it is poisoned, calls `repair` with the data first, and clears the poison.
///
/// # Panics
/// If `repair` does. The lock stays poisoned then, and the next caller repairs.
pub fn lock_or_repair<T>(mutex: &Mutex<T>, repair: impl FnOnce(&mut T)) -> MutexGuard<'_, T> {
    match mutex.lock() {
        Ok(data) => data,
        Err(poisoned) => {
            let mut data = poisoned.into_inner();
            repair(&mut data);
            mutex.clear_poison();
            data
        }
    }
}

// ---- Demo ----------------------------------------------------------------------------------

use std::sync::Arc;
use std::thread;

struct Cart {
    prices: Vec<u32>,
    total: u32,
}

fn main() {
    let cart = Arc::new(Mutex::new(Cart {
        prices: vec![10],
        total: 10,
    }));

    let shared = cart.clone();
    let buyer = thread::spawn(move || {
        let mut cart = shared.lock().unwrap();
        cart.prices.push(5);
        panic!("out of paper"); // the total does not have the new price yet
    });
    buyer.join().expect_err("the buyer panics");

    if let Err(poisoned) = cart.lock() {
        println!("{poisoned}");
        let found = poisoned.into_inner();
        println!("found: prices {:?}, total {}", found.prices, found.total);
    }

    let repaired = lock_or_repair(&cart, add_up);
    println!(
        "repaired: prices {:?}, total {}",
        repaired.prices, repaired.total
    );
}

fn add_up(cart: &mut Cart) {
    cart.total = cart.prices.iter().sum();
}
