//! Race: two buyers see the last ticket, both buy it, and the count wraps around.
//!
//! You see: more sold than there was, and a count of 18446744073709551615.
//! Why: `load` then `fetch_sub` is check, then act: between the two, the other buyer takes the
//! ticket. `fetch_sub` does not stop at 0 and does not panic, in a debug build either: 0 - 1 is
//! `u64::MAX`, and from there on every check passes. Here a barrier forces it on every run.
//! Rule: check and change a shared value in one step, or under one lock.
//!
//! Python: `if left > 0: pay(); left -= 1` from two threads.
//! Caught by: no lint; shuttle (`models/tests/races_broken.rs`).
//! Fixed: `race_oversold_tickets_fixed`
//! Needs: nothing
//!
//! ```console
//! $ cargo run -p pitfalls --bin race_oversold_tickets_broken
//! ? 1
//! 1 ticket, 2 buyers: 2 sold, 18446744073709551615 left
//! ```

use std::process::ExitCode;
use std::sync::Barrier;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;

/// Takes one of the tickets that are `left`. Returns whether there was one.
pub fn buy(left: &AtomicU64, moment: &Barrier) -> bool {
    if left.load(Relaxed) == 0 {
        return false;
    }
    moment.wait(); // only for the demo: both have seen the last ticket
    left.fetch_sub(1, Relaxed); // BROKEN: what was seen is history
    true
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
    let moment = Barrier::new(buyers);
    let sold = thread::scope(|s| {
        let buyers: Vec<_> = (0..buyers)
            .map(|_| s.spawn(|| buy(&left, &moment)))
            .collect();
        buyers
            .into_iter()
            .map(|buyer| buyer.join().unwrap())
            .filter(|&bought| bought)
            .count()
    });
    (sold, left.into_inner())
}
