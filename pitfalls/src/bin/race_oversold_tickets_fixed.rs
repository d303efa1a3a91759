//! Fixed: two buyers try to get the last ticket, and exactly one of them does.
//!
//! `try_update` (before Rust 1.95: `fetch_update`) writes the new count only if the old one is
//! still there; otherwise it calls the closure again with the newer count. `checked_sub` returns
//! `None` at 0, so the count cannot wrap around. `Relaxed` is enough while no other data depends on
//! the count. The cost is another round whenever a buyer came in between. If more than one value
//! changes, use a `Mutex`.
//!
//! Python: `with lock:` around `if left > 0: left -= 1`
//! Broken: `race_oversold_tickets_broken`
//! Needs: nothing
//! Tested: `models/tests/races.rs`
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
    // FIXED: checks and takes in one step
    let bought = left.try_update(Relaxed, Relaxed, |left| left.checked_sub(1));
    bought.is_ok()
}

/// Each of `buyers` threads tries to buy one ticket. Returns how many were sold and are left.
pub fn sell(tickets: u64, buyers: usize) -> (u64, u64) {
    let left = AtomicU64::new(tickets);
    let sold = AtomicU64::new(0);
    thread::scope(|scope| {
        for _ in 0..buyers {
            scope.spawn(|| {
                if buy(&left) {
                    sold.fetch_add(1, Relaxed);
                }
            });
        }
    });
    (sold.into_inner(), left.into_inner())
}

fn main() -> ExitCode {
    let (sold, left) = sell(1, 2);
    println!("1 ticket, 2 buyers: {sold} sold, {left} left");
    if sold == 1 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}
