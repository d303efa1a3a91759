//! Fixed: two buyers want the last ticket, and one of them gets it.
//!
//! `try_update` (before Rust 1.95: `fetch_update`) writes the new value only if the old one is
//! still there, and asks again if it is not. `checked_sub` says no at 0, so the count cannot
//! wrap. `Relaxed` is enough while no other data hangs on the count. It costs another round for
//! each buyer who comes in between. Where more than one value changes, use a `Mutex`.
//!
//! Python: `with lock:` around `if left > 0: left -= 1`.
//! Broken: `race_oversold_tickets_broken`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_oversold_tickets_fixed
//! 1 ticket, 2 buyers: 1 sold, 0 left
//! ```

use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// Takes one of the tickets that are `left`. Returns whether there was one.
pub fn buy(left: &AtomicU64) -> bool {
    left.try_update(Relaxed, Relaxed, |n| n.checked_sub(1))
        .is_ok() // FIXED: one step
}

// Only for the demo from here on.

fn main() -> ExitCode {
    let (sold, left) = sell(1, 2);
    println!("1 ticket, 2 buyers: {sold} sold, {left} left");
    if (sold, left) == (1, 0) {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

/// Each of `buyers` threads wants a ticket. Returns how many were sold and how many are left.
pub fn sell(tickets: u64, buyers: usize) -> (usize, u64) {
    let left = AtomicU64::new(tickets);
    let sold = thread::scope(|s| {
        let buyers: Vec<_> = (0..buyers).map(|_| s.spawn(|| buy(&left))).collect();
        buyers
            .into_iter()
            .map(|buyer| buyer.join().unwrap())
            .filter(|&bought| bought)
            .count()
    });
    (sold, left.into_inner())
}
